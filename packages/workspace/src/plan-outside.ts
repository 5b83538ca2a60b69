import { readdirSync, type Dirent } from "node:fs";
import { isWithin } from "@sbx/core";
import type { OutsideRepository } from "./outside-repository.ts";
import type { Base, BasePlan } from "./plan.ts";
import { planRepository } from "./plan-protection.ts";

/** What a worktree's git writes in the shared directory. */
const WRITABLE = new Set(["lfs", "logs", "objects", "packed-refs", "refs", "shallow"]);

export interface OutsideRequest {
  readonly base: Base;
  readonly repository: OutsideRepository;
  readonly opened: (path: string) => boolean;
}

/**
 * Plan the mounts of a repository beside the workspace: objects, refs, logs and this worktree's own directory can be
 * written, everything else that is there at the start is read-only. Its top must stay writable, because git replaces
 * `packed-refs` whenever it deletes a branch.
 */
export function planOutside({ base, repository, opened }: OutsideRequest): BasePlan {
  const plan: BasePlan = { mounts: [], make: [], notices: [] };
  plan.mounts.push({ base, path: "", content: "self", readonly: false, purpose: "chain" });
  planRepository("", { base, gitDirectories: [], gitFiles: [], further: [], opened }, plan);
  if (repository.gitDirectory === repository.common) return plan;
  const own = repository.gitDirectory.slice(repository.common.length + 1);
  keepOthersOut(base, { path: "", own }, plan);
  keepOthersOut(base, { path: "worktrees", own }, plan);
  return plan;
}

/** Make read-only what lies in `path` and is neither shared by all worktrees nor this one's. */
function keepOthersOut(base: Base, { path, own }: { readonly path: string; readonly own: string }, plan: BasePlan): void {
  const directory = path === "" ? base.place.path : `${base.place.path}/${path}`;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const at = path === "" ? entry.name : `${path}/${entry.name}`;
    const isShared = path === "" && WRITABLE.has(entry.name);
    if (isShared || isWithin(own, at) || !isPlace(entry)) continue;
    dropChain(at, plan);
    if (!plan.mounts.some((mount) => mount.path === at)) plan.mounts.push({ base, path: at, content: "self", readonly: true, purpose: "protected" });
  }
  if (!plan.mounts.some((mount) => mount.path === own)) plan.mounts.push({ base, path: own, content: "self", readonly: false, purpose: "chain" });
}

/** A file or directory that stays: git makes and removes its locks all the time. */
function isPlace(entry: Dirent): boolean {
  return (entry.isDirectory() || entry.isFile()) && !entry.name.endsWith(".lock");
}

/** Take back the mounts that were planned on the way to something below `at`, which becomes read-only as a whole. */
function dropChain(at: string, plan: BasePlan): void {
  for (let index = plan.mounts.length - 1; index >= 0; index -= 1) {
    const mount = plan.mounts[index];
    if (mount?.purpose === "chain" && mount.path !== "" && isWithin(mount.path, at)) plan.mounts.splice(index, 1);
  }
}
