import * as z from "zod";
import { ContainerPath, field, only, text, whole } from "./field.ts";
import { Mount, Binds, TmpfsOptions } from "./mounts.ts";

/** Capabilities that the entry points of database images need to become another user; nothing beyond the container. */
export const CHILD_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"] as const;
const NO_LIMIT_OF_OWN = "limits of processor are set with --cpus (NanoCpus)";
const NO_DEVICE = "containers of a sandbox get no devices of the host";
const NAMESPACE = "containers of a sandbox have namespaces of their own; share files by a volume and talk over a network";
const GIB = 2 ** 30;

const PortKey = z.string().regex(/^(?:[1-9]\d{0,4})(?:\/tcp)?$/, "a published port is one of TCP, as 5432/tcp; nothing but TCP leaves a pod");
const PortBinding = z.strictObject({
  HostIp: field(z.enum(["", "0.0.0.0", "127.0.0.1", "::", "localhost"]), "published at the agent's localhost, whatever it says"),
  HostPort: field(z.string().regex(/^(?:0|[1-9]\d{0,4})?$/, "one port, or none for any"), "empty or 0: any free one"),
});
const Capability = text(40);
/** A name that leads to an address is no more than the address: whether it is reached is decided as if it had been dialled. */
const ExtraHost = z
  .string()
  .regex(/^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?:(?:host-gateway|(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4})$/, "NAME:ADDRESS with an IPv4 address, or NAME:host-gateway");

/** Every field of a create request's HostConfig that clients are known to send; what is not here is refused by name. */
export const HOST_CONFIG = {
  Annotations: only([{}], "annotations are read by runtimes"),
  AutoRemove: field(z.boolean(), "removed when it ends"),
  Binds: field(Binds, "volumes by name, and the workspace"),
  BlkioDeviceReadBps: only([[]], NO_DEVICE),
  BlkioDeviceReadIOps: only([[]], NO_DEVICE),
  BlkioDeviceWriteBps: only([[]], NO_DEVICE),
  BlkioDeviceWriteIOps: only([[]], NO_DEVICE),
  BlkioWeight: only([0], "priorities of disks are the host's"),
  BlkioWeightDevice: only([[]], NO_DEVICE),
  CapAdd: field(
    z.array(Capability.refine(isChildCapability, { error: `only ${CHILD_CAPABILITIES.join(", ")} exist in containers of a sandbox, and they are there without asking` })).max(64),
    "the five that are there anyway",
  ),
  CapDrop: field(z.array(Capability.regex(/^[A-Za-z_]+$/, "the name of a capability")).max(64), "gives up some, or ALL"),
  Cgroup: only([""], NAMESPACE),
  CgroupParent: only([""], "sbx chooses the control group, so that the limits hold"),
  CgroupnsMode: only(["", "private"], NAMESPACE),
  ConsoleSize: field(z.tuple([whole(0, 10_000), whole(0, 10_000)]), "height and width of the terminal"),
  ContainerIDFile: only([""], "the client writes that file itself"),
  CpuCount: only([0], NO_LIMIT_OF_OWN),
  CpuPercent: only([0], NO_LIMIT_OF_OWN),
  CpuPeriod: only([0], NO_LIMIT_OF_OWN),
  CpuQuota: only([0], NO_LIMIT_OF_OWN),
  CpuRealtimePeriod: only([0], NO_LIMIT_OF_OWN),
  CpuRealtimeRuntime: only([0], NO_LIMIT_OF_OWN),
  CpuShares: field(whole(0, 1024), "weight, at most the usual 1024"),
  CpusetCpus: only([""], NO_LIMIT_OF_OWN),
  CpusetMems: only([""], NO_LIMIT_OF_OWN),
  DeviceCgroupRules: only([[]], NO_DEVICE),
  DeviceRequests: only([[]], NO_DEVICE),
  Devices: only([[]], NO_DEVICE),
  DiskQuota: only([0], "the size of a container's own files is set by the engine"),
  Dns: only([[]], "names are answered by the sandbox's own resolver"),
  DnsOptions: only([[]], "names are answered by the sandbox's own resolver"),
  DnsSearch: only([[]], "names are answered by the sandbox's own resolver"),
  ExtraHosts: field(z.array(ExtraHost).max(32), "further names: of an IPv4 address, or with host-gateway of the agent's machine, whose own ports are then reached too"),
  GroupAdd: field(z.array(z.string().regex(/^\d{1,9}$/, "a group by its number")).max(32), "further groups, by number"),
  IOMaximumBandwidth: only([0], NO_LIMIT_OF_OWN),
  IOMaximumIOps: only([0], NO_LIMIT_OF_OWN),
  Init: field(z.boolean(), "an init as first process"),
  IpcMode: only(["", "private"], NAMESPACE),
  Isolation: only(["", "default"], "there is one kind of isolation"),
  KernelMemory: only([0], "set Memory instead"),
  KernelMemoryTCP: only([0], "set Memory instead"),
  Links: only([[]], "links are gone from Docker too; use a network and its aliases"),
  LogConfig: field(
    z.strictObject({
      Type: field(z.enum(["", "json-file", "local"], { error: "other log drivers send from the host's network; read the log with docker logs" }), "the log is sbx's"),
      Config: only([{}], "the log's size is set by sbx"),
    }),
    "accepted for the usual drivers; the driver and its limits are sbx's",
  ),
  LxcConf: only([[], ""], "there is no other runtime to be set"),
  MaskedPaths: only([], "the engine's own masks of /proc and /sys stay (security-opt systempaths)"),
  Memory: field(whole(0, 1024 * GIB), "bytes; at most the sandbox's limit for a container"),
  MemoryReservation: field(whole(0, 1024 * GIB), "accepted, not carried out"),
  MemorySwap: field(whole(-1, 1024 * GIB), "accepted; there is no swap beyond the memory"),
  MemorySwappiness: only([-1, 0], "there is no swap beyond the memory"),
  Mounts: field(z.array(Mount).max(32), "volumes, memory, and the workspace"),
  NanoCpus: field(whole(0, 1024 * 1e9), "processors in billionths; at most the sandbox's limit for a container"),
  NetworkMode: field(text(128), "default, bridge, none, or the name of a network of this sandbox"),
  OomKillDisable: only([false], "who uses up its memory is ended"),
  OomScoreAdj: only([0], "who is ended first when memory is short is decided by the host"),
  PidMode: only([""], NAMESPACE),
  PidsLimit: field(whole(-1, 4_194_304), "at most the sandbox's limit for a container"),
  PortBindings: field(z.record(PortKey, z.array(PortBinding).max(4).nullable()), "TCP ports that are reached at the agent's localhost"),
  Privileged: only([false], "containers of a sandbox have no privilege; what would start containers itself (Docker in Docker) can leave that to this API"),
  PublishAllPorts: field(z.boolean(), "publishes what the image exposes"),
  ReadonlyPaths: only([], "the engine's own read-only paths of /proc stay (security-opt systempaths)"),
  ReadonlyRootfs: field(z.boolean(), "nothing of the image can be changed"),
  RestartPolicy: field(
    z.strictObject({
      Name: field(z.enum(["", "no"], { error: "nothing is restarted by itself in a sandbox; start it again with docker start" }), "no"),
      MaximumRetryCount: only([0], "nothing is restarted by itself in a sandbox"),
    }),
    "none; containers end with their sandbox",
  ),
  Runtime: only([""], "the runtime is chosen by sbx"),
  SecurityOpt: field(
    z.array(z.enum(["no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"], { error: "profiles of security are set by sbx; only no-new-privileges, which is set anyway" })).max(8),
    "no-new-privileges, which is set anyway",
  ),
  ShmSize: field(whole(0, GIB), "size of /dev/shm, at most 1 GiB"),
  StorageOpt: only([{}], "the size of a container's own files is set by the engine"),
  Sysctls: only([{}], "settings of the kernel are set by sbx; ports below 1024 can be used without one"),
  Tmpfs: field(z.record(ContainerPath, TmpfsOptions), "memory as a file system; counts as the container's memory"),
  UTSMode: only([""], NAMESPACE),
  Ulimits: field(
    z.array(z.strictObject({ Name: z.enum(["nofile", "core"], { error: "only nofile and core can be set" }), Soft: whole(0, 1_048_576), Hard: whole(0, 1_048_576) })).max(4),
    "nofile and core",
  ),
  UsernsMode: only([""], NAMESPACE),
  VolumeDriver: only(["", "local"], "volumes are kept by the engine itself"),
  VolumesFrom: only([[]], "name the volumes in Mounts or with -v"),
} as const;

export const HostConfig = z.strictObject(HOST_CONFIG);
export type HostConfig = z.output<typeof HostConfig>;

function isChildCapability(name: string): boolean {
  const bare = name.replace(/^CAP_/, "");
  return CHILD_CAPABILITIES.some((one) => one === bare);
}
