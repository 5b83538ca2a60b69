import { createHash } from "node:crypto";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { AppError } from "@sbx/contracts";
import { isWithin, parentsOf, type Mount } from "@sbx/core";
import { SystemCallError } from "@sbx/syscalls";
import { copyPlace } from "./copy-place.ts";
import type { HeldMounts } from "./held-mounts.ts";
import { invalid, unsafe } from "./invalid.ts";
import type { Expected } from "./journal.ts";
import { openAbsolute, openIn, type OpenPlace } from "./open-place.ts";
import { targetOf, type PlannedMount } from "./plan.ts";

export interface RealiseRequest {
  readonly planned: readonly PlannedMount[];
  /** For copies and empty sources; belongs to the daemon. */
  readonly directory: string;
  /** `undefined` when this daemon may not mount. */
  readonly held: HeldMounts | undefined;
  /** The workload's ids on the host: those of copies. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Absolute paths that are empty inside, also where they lie in a copy. */
  readonly hide: readonly string[];
  /** As in a `PartsRequest` of `@sbx/core`. */
  readonly isVerified: boolean;
}

export interface Realised {
  readonly mounts: readonly Mount[];
  readonly expected: readonly Expected[];
  /** Protected paths that were too large to copy and are empty inside. */
  readonly tooLarge: readonly string[];
}

interface Source {
  readonly path: string;
  readonly expected: Omit<Expected, "path">;
}

/** Make the source of every planned mount, and note what each must be inside. */
export async function realiseMounts(request: RealiseRequest): Promise<Realised> {
  const { planned, directory } = request;
  await rm(`${directory}/copies`, { recursive: true, force: true });
  await mkdir(`${directory}/copies`, { mode: 0o700 });
  await makeEmpty(directory);
  const mounts: Mount[] = [];
  const expected = new Map<string, Expected>();
  const tooLarge: string[] = [];
  for (const mount of planned) {
    const target = targetOf(mount);
    const source = await makeSource(mount, request, tooLarge).catch((error: unknown) => {
      throw isGone(error) ? changed(mount) : error;
    });
    mounts.push({ kind: "bind", source: source.path, target, readonly: mount.readonly, ...(mount.purpose === "masked" ? { masks: true } : {}) });
    for (const parent of parentsExpected(mount)) if (!expected.has(parent.path)) expected.set(parent.path, parent);
    expected.set(target, { path: target, ...source.expected });
  }
  return { mounts, expected: [...expected.values()], tooLarge };
}

function changed(mount: PlannedMount): AppError {
  return unsafe(`"${targetOf(mount)}" changed while the workspace was prepared`, "Stop what changes it, and run the command again.");
}

/** Whether a call of the system met another thing than was there a moment before, or nothing. */
function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR", "ELOOP", "EINVAL", "ESTALE"].includes(String(error.code));
}

async function makeEmpty(directory: string): Promise<void> {
  await mkdir(`${directory}/empty-directory`, { recursive: true });
  await chmod(`${directory}/empty-directory`, 0o555);
  try {
    await writeFile(`${directory}/empty-file`, "", { flag: "wx" });
    await chmod(`${directory}/empty-file`, 0o444);
  } catch (error) {
    // There since an earlier start; whoever is not root could not open it for writing again.
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

async function makeSource(mount: PlannedMount, request: RealiseRequest, tooLarge: string[]): Promise<Source> {
  const { directory } = request;
  const path = `${directory}/copies/${nameOf(mount)}`;
  if (mount.content === "empty-file" || mount.content === "empty-directory") return emptySource(mount.content, { mount, path, directory });
  const copied = mount.content === "copy" || mustBeCopied(mount, request);
  const opened = openIn(mount.base.place, mount.path);
  if (typeof opened === "string" || opened.kind === "link") throw changed(mount);
  using place = opened;
  if (!copied) return await selfSource(mount, place, request);
  const owner = process.geteuid?.() === 0 ? request.owner : undefined;
  if (await copyPlace(place, path, { owner, empty: (below) => request.hide.includes(`${targetOf(mount)}/${below}`) })) return identified(path);
  await rm(path, { recursive: true, force: true });
  if (mount.purpose === "part") throw invalid(`"${targetOf(mount)}" is too large for a copy, and without one it cannot be shown by itself`, "Ask for the workspace as a whole.");
  tooLarge.push(targetOf(mount));
  return await emptySource(place.kind === "directory" ? "empty-directory" : "empty-file", { mount, path, directory });
}

/** A place that could be replaced before the container sees it, and that cannot be mounted. @throws AppError `WORKSPACE_UNSAFE` when it is to be written */
function mustBeCopied(mount: PlannedMount, { isVerified, held }: RealiseRequest): boolean {
  if (isVerified || held !== undefined) return false;
  if (mount.readonly) return true;
  throw unsafe(`"${targetOf(mount)}" cannot be written by itself where the daemon may not mount`, "Ask for it read-only (:ro), which shows a copy, or for the workspace as a whole.");
}

/** Nothing. A protected path has its own source, which at the next start may hold a copy: a container keeps the paths of its sources. */
async function emptySource(
  content: "empty-directory" | "empty-file",
  { mount, path, directory }: { readonly mount: PlannedMount; readonly path: string; readonly directory: string },
): Promise<Source> {
  if (mount.purpose !== "protected") return identified(`${directory}/${content}`);
  if (content === "empty-file") await writeFile(path, "", { mode: 0o444 });
  else await mkdir(path, { mode: 0o755 });
  return identified(path);
}

/**
 * The place itself: mounted by descriptor where we may, by its path otherwise. A path is safe for the base, which no
 * sandbox of ours can replace, and for the others only because the container is asked before an agent runs in it.
 */
async function selfSource(mount: PlannedMount, place: OpenPlace, { held, isVerified }: RealiseRequest): Promise<Source> {
  const byPath: Source = { path: targetOf(mount), expected: place.identity };
  if (held === undefined || (mount.purpose === "base" && mount.base.swap === undefined)) {
    if (mount.base.swap !== undefined) {
      throw new AppError("PLATFORM_UNSUPPORTED", {
        message: "A workspace that belongs to root, or a workload with a user of its own (sbx@1), needs a mount with mapped ids, which this daemon cannot make",
        fix: `Give the workspace to an ordinary user: chown -R 1000:1000 '${mount.base.path}'`,
      });
    }
    return byPath;
  }
  try {
    const { path, under } = await held.mount(place, { name: nameOf(mount), swap: mount.base.swap });
    return { path, expected: { ...place.identity, under } };
  } catch (error) {
    if (error instanceof SystemCallError && mount.base.swap === undefined && isVerified) return byPath;
    throw error;
  }
}

function identified(path: string): Source {
  const opened = openAbsolute(path);
  if (typeof opened === "string") throw new Error(`${path} is ${opened}`);
  using place = opened;
  return { path, expected: place.identity };
}

/** The directories between a base and a mount in it: none may have become another, or a link. */
function parentsExpected({ base, path }: PlannedMount): readonly Expected[] {
  return (path === "" ? [] : parentsOf(path, "")).flatMap((parent) => {
    const opened = openIn(base.place, parent);
    if (typeof opened === "string") return [];
    using place = opened;
    return [{ path: `${base.path}/${parent}`, ...place.identity }];
  });
}

/** The same name for the same target at every start, because a container keeps its sources. */
function nameOf(mount: PlannedMount): string {
  return createHash("sha256").update(targetOf(mount)).digest("hex").slice(0, 24);
}

/** Order mounts outermost first, keep one for each target (hidden wins), and drop what lies below a place without content of its own. */
export function orderMounts(planned: readonly PlannedMount[]): readonly PlannedMount[] {
  const rank: Readonly<Record<PlannedMount["purpose"], number>> = { chain: 0, base: 1, part: 1, protected: 2, masked: 3, hidden: 4 };
  const byTarget = new Map<string, PlannedMount>();
  for (const mount of planned) {
    const known = byTarget.get(targetOf(mount));
    if (known === undefined || rank[mount.purpose] >= rank[known.purpose]) byTarget.set(targetOf(mount), mount);
  }
  const covers = [...byTarget].filter(([, { content }]) => content !== "self").map(([target]) => target);
  return [...byTarget]
    .filter(([target]) => !covers.some((cover) => cover !== target && isWithin(target, cover)))
    .toSorted(([first], [second]) => first.split("/").length - second.split("/").length || (first < second ? -1 : 1))
    .map(([, mount]) => mount);
}
