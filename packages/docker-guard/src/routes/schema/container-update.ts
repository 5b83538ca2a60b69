import * as z from "zod";
import { only } from "./field.ts";
import { HOST_CONFIG } from "./host-config.ts";

/** Fields of an update: the sizes, and what clients send along at values that change nothing. */
export const UPDATE = {
  BlkioDeviceReadBps: HOST_CONFIG.BlkioDeviceReadBps,
  BlkioDeviceReadIOps: HOST_CONFIG.BlkioDeviceReadIOps,
  BlkioDeviceWriteBps: HOST_CONFIG.BlkioDeviceWriteBps,
  BlkioDeviceWriteIOps: HOST_CONFIG.BlkioDeviceWriteIOps,
  BlkioWeight: HOST_CONFIG.BlkioWeight,
  BlkioWeightDevice: HOST_CONFIG.BlkioWeightDevice,
  CgroupParent: HOST_CONFIG.CgroupParent,
  CpuCount: HOST_CONFIG.CpuCount,
  CpuPercent: HOST_CONFIG.CpuPercent,
  CpuPeriod: HOST_CONFIG.CpuPeriod,
  CpuQuota: HOST_CONFIG.CpuQuota,
  CpuRealtimePeriod: HOST_CONFIG.CpuRealtimePeriod,
  CpuRealtimeRuntime: HOST_CONFIG.CpuRealtimeRuntime,
  CpuShares: HOST_CONFIG.CpuShares,
  CpusetCpus: HOST_CONFIG.CpusetCpus,
  CpusetMems: HOST_CONFIG.CpusetMems,
  DeviceCgroupRules: HOST_CONFIG.DeviceCgroupRules,
  DeviceRequests: HOST_CONFIG.DeviceRequests,
  Devices: HOST_CONFIG.Devices,
  IOMaximumBandwidth: HOST_CONFIG.IOMaximumBandwidth,
  IOMaximumIOps: HOST_CONFIG.IOMaximumIOps,
  KernelMemory: HOST_CONFIG.KernelMemory,
  KernelMemoryTCP: HOST_CONFIG.KernelMemoryTCP,
  Memory: HOST_CONFIG.Memory,
  MemoryReservation: HOST_CONFIG.MemoryReservation,
  MemorySwap: HOST_CONFIG.MemorySwap,
  MemorySwappiness: HOST_CONFIG.MemorySwappiness,
  NanoCpus: HOST_CONFIG.NanoCpus,
  OomKillDisable: HOST_CONFIG.OomKillDisable,
  PidsLimit: HOST_CONFIG.PidsLimit,
  RestartPolicy: HOST_CONFIG.RestartPolicy,
  Ulimits: only([[]], "limits of files are set when a container is made"),
} as const;

export const ContainerUpdate = z.strictObject(UPDATE);
export type ContainerUpdate = z.output<typeof ContainerUpdate>;
