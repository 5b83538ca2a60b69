import * as z from "zod";
import { ENDPOINT } from "./container-config.ts";
import { field, Labels, ObjectName, only, text } from "./field.ts";

/** Every field of a request for a network. */
export const NETWORK_CREATE = {
  Attachable: field(z.boolean(), "noted"),
  CheckDuplicate: field(z.boolean(), "names are unique in a sandbox anyway"),
  ConfigFrom: only([{}, { Network: "" }], "networks of a sandbox are not configured by others"),
  ConfigOnly: only([false], "networks of a sandbox are not configured by others"),
  Driver: field(z.enum(["", "bridge", "default"], { error: "networks of a sandbox have no driver that reaches the host's; leave it out" }), "bridge"),
  EnableIPv4: field(z.literal(true), "is the case"),
  EnableIPv6: only([false], "pods have no IPv6"),
  IPAM: field(
    z.strictObject({ Driver: field(z.enum(["", "default"]), "default"), Config: only([[]], "addresses are given by sbx; use names"), Options: only([{}], "addresses are given by sbx; use names") }),
    "nothing to choose",
  ),
  Ingress: only([false], "is for swarms"),
  Internal: field(z.boolean(), "noted; every network is"),
  Labels: field(Labels, "seen by this sandbox alone"),
  Name: ObjectName.describe("unique in the sandbox"),
  Options: only([{}], "options of drivers reach into the host's network"),
  Scope: only(["", "local"], "networks of a sandbox are local"),
};
export const NetworkCreate = z.strictObject(NETWORK_CREATE);
export type NetworkCreate = z.output<typeof NetworkCreate>;

/** Every field of a request to join a network. */
export const NETWORK_CONNECT = { Container: text(128).min(1).describe("name or id of a container of this sandbox"), EndpointConfig: field(z.strictObject(ENDPOINT), "aliases") };
export const NetworkConnect = z.strictObject(NETWORK_CONNECT);
/** Every field of a request to leave one. */
export const NetworkDisconnect = z.strictObject({ Container: text(128).min(1), Force: field(z.boolean(), "noted") });

/** Every field of a request for a volume. */
export const VOLUME_CREATE = {
  ClusterVolumeSpec: only([], "is for swarms"),
  Driver: field(z.enum(["", "local"], { error: "volumes are kept by the engine itself" }), "local"),
  DriverOpts: only([{}], "volumes with options are mounts of the host; use a plain volume, or bind the workspace"),
  Labels: field(Labels, "seen by this sandbox alone"),
  Mountpoint: field(text(4096), "noted; where it lies is the engine's"),
  Name: field(z.union([z.literal(""), ObjectName]), "unique in the sandbox; one is made up when it is missing"),
};
export const VolumeCreate = z.strictObject(VOLUME_CREATE);
export type VolumeCreate = z.output<typeof VolumeCreate>;

/** A list of names, or Docker's older form of a set. */
const Values = z.union([z.array(text(512)).max(64), z.record(text(512), z.boolean()).transform((set) => Object.keys(set).filter((key) => set[key] === true))]);

/** Filters of a list, of those names that the list knows. */
export function filters<const Name extends string>(names: readonly Name[]): z.ZodType<Readonly<Partial<Record<Name, readonly string[]>>>> {
  const shape = Object.fromEntries(names.map((name) => [name, Values.optional()]));
  // What fromEntries knows of its keys is only that they are text.
  return z.strictObject(shape) as unknown as z.ZodType<Readonly<Partial<Record<Name, readonly string[]>>>>;
}
