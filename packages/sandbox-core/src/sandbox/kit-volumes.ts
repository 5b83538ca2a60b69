import { createHash } from "node:crypto";
import { AppError, type CreateSandbox } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import type { ContainerEngine, ContainerSpec, EngineId, Mount, VolumeEngine } from "../ports/engine.ts";
import { sameStatement } from "../kit/volume-statement.ts";
import { isWithin } from "../workspace/protected-paths.ts";
import { LABELS, labelsOf } from "./labels.ts";
import type { SandboxParts } from "./sandbox-parts.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

type Volumes = NonNullable<SandboxRecord["volumes"]>;
type Recorded = Pick<SandboxRecord, "id" | "volumes" | "volumeBytes">;

/** Those that are on disk, and so in the engine. */
function onDisk({ volumes = [] }: Recorded): Volumes {
  return volumes.filter(({ memoryBytes }) => memoryBytes === undefined);
}

/** The engine's name of a volume that the Kits of one sandbox have at `path`: no other sandbox or path has the same. */
export function kitVolume({ id }: Pick<SandboxRecord, "id">, path: string): string {
  return `sbx-volume-${id.slice(4)}-${createHash("sha256").update(path).digest("hex").slice(0, 16)}`;
}

/** Make the volumes of a new sandbox. */
export async function makeKitVolumes(engine: VolumeEngine, { owner }: Pick<SandboxParts, "owner">, record: Recorded): Promise<void> {
  for (const { path } of onDisk(record)) await engine.createVolume(kitVolume(record, path), { ...labelsOf(owner, record.id, "volume"), [LABELS.path]: path }, record.volumeBytes);
}

/**
 * The volumes of a sandbox whose Kits are chosen anew: those on disk that it has stay what they are, mounted or not.
 *
 * @throws AppError `KIT_CONFLICT` where one that it has, or had, is asked for otherwise
 */
export function volumesAnew(record: Pick<SandboxRecord, "volumes" | "dormant">, wanted: AgentProfile["volumes"]): Pick<SandboxRecord, "volumes" | "dormant"> {
  const before: readonly Pick<Volumes[number], "path" | "memoryBytes" | "stated">[] = [...(record.volumes ?? []), ...(record.dormant ?? [])];
  for (const volume of wanted) {
    const there = before.find(({ path }) => path === volume.path);
    if (there === undefined || isSameVolume(there, volume)) continue;
    throw new AppError("KIT_CONFLICT", {
      message: `The Kits ask for the volume ${volume.path} with another size, mode or kind than the sandbox has it with`,
      fix: "State the volume as before or at another path, or make another sandbox: what is in a volume is not given up.",
    });
  }
  const disk = before.filter(({ memoryBytes }) => memoryBytes === undefined);
  const dormant = disk.filter(({ path }) => !wanted.some((one) => one.path === path)).map(({ path, stated }) => ({ path, ...(stated === undefined ? {} : { stated }) }));
  return {
    volumes: wanted.map((volume) => ({ ...volume, ...(volume.memoryBytes === undefined && disk.some(({ path }) => path === volume.path) ? { kept: true } : {}) })),
    dormant,
  };
}

/** Of a sandbox that an older version made it is not known how a volume was stated. */
function isSameVolume(one: Pick<Volumes[number], "memoryBytes" | "stated">, other: AgentProfile["volumes"][number]): boolean {
  return (one.memoryBytes === undefined) === (other.memoryBytes === undefined) && (one.stated === undefined || sameStatement(one.stated, other.stated));
}

/** Remove all volumes that Kits had in a sandbox, also those that are not remembered. */
export async function removeKitVolumes(engine: VolumeEngine, { owner }: Pick<SandboxParts, "owner">, { id }: Recorded): Promise<void> {
  const labels = [`${LABELS.owner}=${owner}`, `${LABELS.sandbox}=${id}`, `${LABELS.role}=volume`];
  for (const { name } of await engine.listVolumes(labels)) await engine.removeVolume(name);
}

/** Where the volumes are in the workload. Nothing of the image is copied into them. */
export function kitVolumeMounts(record: Recorded, { uid, gid }: { readonly uid: number; readonly gid: number }): readonly Mount[] {
  return (record.volumes ?? []).map(({ path, mode, memoryBytes }): Mount =>
    memoryBytes === undefined ? { kind: "volume", source: kitVolume(record, path), target: path, staysEmpty: true } : { kind: "tmpfs", target: path, sizeBytes: memoryBytes, mode, uid, gid },
  );
}

/**
 * A container that lives for a moment to give new, empty volumes to the sandbox's user, with the modes that their Kits
 * state; `undefined` when there are none. Root with CHOWN, FOWNER and DAC_OVERRIDE alone, no network, nothing else in sight.
 */
export function volumeOwnerContainer(record: SandboxRecord, image: EngineId, labels: Readonly<Record<string, string>>): ContainerSpec | undefined {
  const volumes = onDisk(record)
    .filter(({ kept = false }) => !kept)
    .map(({ path, mode }, index) => ({ source: kitVolume(record, path), target: `/volumes/${index}`, mode }));
  if (volumes.length === 0) return undefined;
  const script = volumes.map(({ target, mode }) => `chown ${record.user} ${target}\nchmod ${mode.toString(8)} ${target}`).join("\n");
  return {
    name: `sbx-volume-${record.id.slice(4)}`,
    image,
    command: ["/bin/sh", "-e", "-c", script],
    env: {},
    labels,
    user: "0:0",
    workdir: "/",
    mounts: volumes.map(({ source, target }) => ({ kind: "volume", source, target, staysEmpty: true })),
    network: { kind: "none", hostname: "volume", sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] },
    capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER"],
    readonlyRoot: true,
    seccomp: "default",
    limits: { pids: 16, memoryBytes: 64 << 20 },
  };
}

/**
 * A volume must not lie over a directory of the person's, nor hold one or be in one.
 *
 * @throws AppError `KIT_UNSUPPORTED`
 */
export function refuseVolumesWithin({ workspace, extra }: Pick<CreateSandbox, "workspace" | "extra">, { volumes }: Pick<AgentProfile, "volumes">): void {
  for (const { path } of volumes) {
    const place = [workspace, ...extra.map((one) => one.path)].find((one) => isWithin(path, one) || isWithin(one, path));
    if (place === undefined) continue;
    throw new AppError("KIT_UNSUPPORTED", {
      message: `The agent's Kits want a volume at ${path}, which would lie over your directory ${place}`,
      fix: "Work in a directory at another place, or take another Kit.",
    });
  }
}

/**
 * Look, before anything of a workload runs, whether what its Kits put into it would come to lie where it is said to. The engine
 * follows links of the image, and those that an agent left in the container: through one it could lie over what is ours.
 *
 * @throws AppError `KIT_UNSUPPORTED`
 */
export async function refuseLinkedPlaces(engine: ContainerEngine, workload: EngineId, paths: readonly string[]): Promise<void> {
  const places = new Set(paths.flatMap(pathsTo));
  for (const place of [...places].toSorted((one, other) => one.length - other.length)) {
    if (!(await engine.isLink(workload, place))) continue;
    throw new AppError("KIT_UNSUPPORTED", {
      message: `What the agent's Kits put into the sandbox would not lie at its path: ${place} is a link there`,
      fix: "Name the real path in the Kit. If the agent put the link there, remove the sandbox and make it again.",
    });
  }
}

/** `/a`, `/a/b` and `/a/b/c` of `/a/b/c`. */
function pathsTo(path: string): readonly string[] {
  const parts = path.split("/").slice(1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}
