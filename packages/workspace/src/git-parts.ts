import { readdirSync } from "node:fs";
import { openIn, type OpenPlace } from "./open-place.ts";

const MAX_MODULES = 32;
const MAX_WORKTREES = 64;
const MODULE_DEPTH = 4;

function directoriesIn(place: OpenPlace, path: string): readonly string[] {
  const opened = openIn(place, path);
  if (typeof opened === "string") return [];
  using held = opened;
  if (held.kind !== "directory") return [];
  return readdirSync(held.path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** Names of the git directories of submodules below `modules`, which may be nested by slashes in their names. */
function modulesIn(place: OpenPlace, path: string, depth = MODULE_DEPTH): readonly string[] {
  if (depth === 0) return [];
  return directoriesIn(place, path).flatMap((name) => {
    const own = directoriesIn(place, `${path}/${name}`);
    return own.includes("objects") || own.includes("refs")
      ? [name, ...modulesIn(place, `${path}/${name}/modules`, depth - 1).map((inner) => `${name}/modules/${inner}`)]
      : modulesIn(place, `${path}/${name}`, depth - 1).map((inner) => `${name}/${inner}`);
  });
}

/** What a git directory holds besides itself, and whether there is more than is looked after. */
export function gitParts(place: OpenPlace, gitDirectory: string): { readonly modules: readonly string[]; readonly worktrees: readonly string[]; readonly truncated: boolean } {
  const prefix = gitDirectory === "" ? "" : `${gitDirectory}/`;
  const modules = modulesIn(place, `${prefix}modules`);
  const worktrees = directoriesIn(place, `${prefix}worktrees`);
  return { modules: modules.slice(0, MAX_MODULES), worktrees: worktrees.slice(0, MAX_WORKTREES), truncated: modules.length > MAX_MODULES || worktrees.length > MAX_WORKTREES };
}
