import { posix } from "node:path";
import { AppError, type ContainerPodId } from "@sbx/contracts";
import { isWithin } from "@sbx/core";
import type { ImageFacts } from "../engine/engine-answers.ts";
import type { Guard } from "../guard.ts";
import type { MountRecord } from "../owned/container-record.ts";
import type { BindMount } from "../ports.ts";
import { printable, Refusal } from "../refusal.ts";
import type { ContainerCreate } from "../routes/schema/container-config.ts";
import { ContainerPath } from "../routes/schema/field.ts";
import type { Mount } from "../routes/schema/mounts.ts";

/** Every mount of a child: as the engine is told, and as the client sees it. */
export interface MountPlan {
  readonly binds: readonly BindMount[];
  /** `volume` is the engine's name. */
  readonly volumes: readonly { readonly volume: string; readonly target: string; readonly readonly: boolean; readonly noCopy: boolean }[];
  /** Words for memory by target. */
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly records: readonly MountRecord[];
}

interface Wanted {
  readonly type: "bind" | "volume" | "tmpfs";
  /** Empty: a volume without a name. */
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
  readonly noCopy: boolean;
  readonly words: string;
}

const NEVER = ["/", "/proc", "/sys", "/dev"];

/**
 * Decide on every mount of a child: the workspace through the daemon's eyes, volumes of the sandbox by the engine's
 * names, and what the image asks for as volumes of the sandbox too, so that the engine makes none of its own.
 *
 * @throws Refusal
 */
export async function planMounts(guard: Guard, { pod, asked, image }: { readonly pod: ContainerPodId; readonly asked: ContainerCreate; readonly image: ImageFacts }): Promise<MountPlan> {
  const wanted = wantedMounts(asked, image);
  for (const { target } of wanted) refuseTarget(target);
  refuseNested(wanted);
  const binds = await mountBinds(guard, pod, wanted);
  const { volumes, records } = await planVolumes(guard, wanted);
  const limit = guard.parts.limits.memoryBytes;
  return { binds, volumes, tmpfs: Object.fromEntries(wanted.filter(({ type }) => type === "tmpfs").map(({ target, words }) => [target, tmpfsWords(words, limit)])), records };
}

/** Make the volumes that are missing. Of those without a name none stays when one of them cannot be made. */
async function planVolumes(guard: Guard, wanted: readonly Wanted[]): Promise<Pick<MountPlan, "volumes" | "records">> {
  const volumes: MountPlan["volumes"][number][] = [];
  const records: MountRecord[] = [];
  try {
    for (const { type, source, target, readonly, noCopy } of wanted) {
      const volume = type === "volume" ? (await guard.volumes.ensure(source === "" ? undefined : source)).volume : undefined;
      if (volume !== undefined) volumes.push({ volume: volume.id, target, readonly, noCopy });
      records.push({ type, source: volume?.name ?? source, target, readonly });
    }
    return { volumes, records };
  } catch (error) {
    await guard.removeAnonymousVolumes(records);
    throw error;
  }
}

function wantedMounts(asked: ContainerCreate, image: ImageFacts): readonly Wanted[] {
  const { Binds = [], Mounts = [], Tmpfs = {} } = asked.HostConfig ?? {};
  const plain = { noCopy: false, words: "", readonly: false } as const;
  const named: Wanted[] = [
    ...Binds.map(({ kind, source, target, readonly }): Wanted => ({ ...plain, type: kind === "path" ? "bind" : "volume", source, target, readonly })),
    ...Mounts.map(fromMount),
    ...Object.entries(Tmpfs).map(([target, words]): Wanted => ({ ...plain, type: "tmpfs", source: "", target, words })),
  ].map((one) => ({ ...one, target: trimmed(one.target) }));
  const targets = new Set<string>();
  for (const { target } of named) {
    if (targets.has(target)) throw new Refusal(400, `Duplicate mount point: ${printable(target)}`);
    targets.add(target);
  }
  const anonymous = new Set([...Object.keys(asked.Volumes ?? {}), ...Object.keys(image.Config?.Volumes ?? {}).map(ofImage)].map(trimmed));
  return [...named, ...[...anonymous].filter((target) => !targets.has(target)).map((target): Wanted => ({ ...plain, type: "volume", source: "", target }))];
}

/** Where an image wants a volume, as the engine reads it: what is not mounted there by us gets a volume that is nobody's. @throws Refusal 400 */
function ofImage(path: string): string {
  const target = posix.normalize(path);
  if (!ContainerPath.safeParse(target).success) throw new Refusal(400, `the image asks for a volume at ${printable(path)}, which is no plain absolute path`);
  return target;
}

function fromMount({ Type, Source = "", Target, ReadOnly = false, VolumeOptions, TmpfsOptions }: Mount): Wanted {
  refuseSource(Type, Source);
  const words = [sizeWord(TmpfsOptions?.SizeBytes), modeWord(TmpfsOptions?.Mode), ReadOnly ? "ro" : ""].filter((word) => word !== "");
  return { type: Type, source: Source, target: Target, readonly: ReadOnly, noCopy: VolumeOptions?.NoCopy === true, words: words.join(",") };
}

function refuseSource(type: Mount["Type"], source: string): void {
  if (type === "bind" && !source.startsWith("/")) throw new Refusal(400, "a bind has an absolute path as its source");
  if (type === "volume" && source.startsWith("/")) throw new Refusal(400, "a volume has a name as its source, no path");
  if (type === "tmpfs" && source !== "") throw new Refusal(400, "memory has no source");
}

function sizeWord(size: number | undefined): string {
  return size === undefined ? "" : `size=${size}`;
}

function modeWord(mode: number | undefined): string {
  return mode === undefined ? "" : `mode=${(mode & 0o1777).toString(8)}`;
}

function trimmed(target: string): string {
  return target.replaceAll(/\/{2,}/g, "/").replace(/(?<=.)\/$/, "");
}

function refuseTarget(target: string): void {
  const place = NEVER.find((one) => (one === "/" ? target === "/" : isWithin(target, one)));
  if (place !== undefined && target !== "/dev/shm") throw new Refusal(400, `nothing is mounted at ${printable(target)}: ${place} is the engine's`);
}

/** A mount point inside the workspace would be made there, on the host, as root, by a path that the agent can change meanwhile. */
function refuseNested(wanted: readonly Wanted[]): void {
  for (const outer of wanted.filter(({ type }) => type === "bind")) {
    const inner = wanted.find(({ target }) => target !== outer.target && isWithin(target, outer.target));
    if (inner !== undefined) throw new Refusal(400, `${printable(inner.target)} lies inside the workspace's mount at ${printable(outer.target)}; mount it beside it`);
  }
}

/** Make what a child's binds show, among its mounts, at this moment. @throws Refusal 403 for what may not be bound */
export async function mountBinds({ parts: { binds } }: Guard, pod: ContainerPodId, mounts: readonly Pick<MountRecord, "type" | "source" | "target" | "readonly">[]): Promise<readonly BindMount[]> {
  const wanted = mounts.filter(({ type }) => type === "bind").map(({ source, target, readonly }) => ({ source, target, readonly }));
  if (wanted.length === 0) return [];
  try {
    return await binds.mount(pod, wanted);
  } catch (error) {
    if (!AppError.is(error) || !error.code.startsWith("WORKSPACE_")) throw error;
    throw new Refusal(403, `cannot be mounted: ${printable(error.message)}. ${printable(error.fix)}`);
  }
}

const KILO = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 } as const;

/** Say every word ourselves: never setuid, never devices, never more than a container's memory. */
function tmpfsWords(words: string, limit: number): string {
  const asked = new Map(words === "" ? [] : words.split(",").map((word) => [word.split("=")[0] ?? "", word.split("=")[1] ?? ""]));
  const [, digits = "0", unit] = /^(\d+)([kmg]?)$/.exec((asked.get("size") ?? "").toLowerCase()) ?? [];
  const factor = unit === "k" || unit === "m" || unit === "g" ? KILO[unit] : 1;
  const size = Number(digits) * factor;
  const rest = ["mode", "uid", "gid"].flatMap((name) => (asked.has(name) ? [`${name}=${asked.get(name) ?? ""}`] : []));
  return [asked.has("ro") ? "ro" : "rw", "nosuid", "nodev", asked.has("exec") ? "exec" : "noexec", `size=${size === 0 ? limit : Math.min(size, limit)}`, ...rest].join(",");
}
