import { readdirSync, type Dirent } from "node:fs";
import { openIn, type OpenPlace } from "./open-place.ts";

const MAX_MODULES = 32;
const MAX_WORKTREES = 64;
const MODULE_DEPTH = 4;

/** What a git directory holds, by which one is known. A sandbox can take some of it out for a while, but not its settings. */
const OF_GIT: ReadonlySet<string> = new Set(["HEAD", "config", "hooks", "objects", "refs"]);
/** Directories of a git directory in which no submodule's lies. */
const NO_GROUPS: ReadonlySet<string> = new Set(["branches", "hooks", "info", "lfs", "logs", "modules", "objects", "refs", "worktrees"]);

function entriesIn(place: OpenPlace, path: string): readonly Dirent[] {
  const opened = openIn(place, path);
  if (typeof opened === "string") return [];
  using held = opened;
  return held.kind === "directory" ? readdirSync(held.path, { withFileTypes: true }) : [];
}

function directoriesIn(place: OpenPlace, path: string): readonly string[] {
  return entriesIn(place, path)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/**
 * Names of the git directories of submodules below `modules`, which may be nested by slashes in their names. Below one
 * that is a submodule's there may be more: who plants a file in a directory of names does not hide what lies there.
 */
function modulesIn(place: OpenPlace, path: string, { depth = MODULE_DEPTH, inModule = false } = {}): readonly string[] {
  if (depth === 0) return [];
  const names = directoriesIn(place, path).filter((name) => !inModule || !NO_GROUPS.has(name));
  return names.flatMap((name) => {
    const isModule = entriesIn(place, `${path}/${name}`).some((entry) => OF_GIT.has(entry.name));
    const below = modulesIn(place, `${path}/${name}`, { depth: depth - 1, inModule: isModule }).map((inner) => `${name}/${inner}`);
    if (!isModule) return below;
    return [name, ...modulesIn(place, `${path}/${name}/modules`, { depth: depth - 1 }).map((inner) => `${name}/modules/${inner}`), ...below];
  });
}

/** What a git directory holds besides itself, and whether there is more than is looked after. */
export function gitParts(place: OpenPlace, gitDirectory: string): { readonly modules: readonly string[]; readonly worktrees: readonly string[]; readonly truncated: boolean } {
  const prefix = gitDirectory === "" ? "" : `${gitDirectory}/`;
  const modules = modulesIn(place, `${prefix}modules`);
  const worktrees = directoriesIn(place, `${prefix}worktrees`);
  return { modules: modules.slice(0, MAX_MODULES), worktrees: worktrees.slice(0, MAX_WORKTREES), truncated: modules.length > MAX_MODULES || worktrees.length > MAX_WORKTREES };
}
