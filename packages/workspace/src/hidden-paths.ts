import { realpath } from "node:fs/promises";
import { hasControlCharacter, isWithin, resolvePath, type WorkspaceRequest } from "@sbx/core";
import { invalid } from "./invalid.ts";
import type { Journal } from "./journal.ts";

/**
 * Absolute, real paths of what a person gave as `--hide` or `--allow-write`, relative to the workspace or absolute.
 *
 * @throws AppError `WORKSPACE_INVALID` for a path that lies in none of the directories
 */
export async function pathsInside(
  paths: readonly string[],
  { workspace, bases, option }: { readonly workspace: string; readonly bases: readonly string[]; readonly option: string },
): Promise<readonly string[]> {
  const found = paths.map(async (path) => {
    const target = resolvePath(workspace, path);
    if (hasControlCharacter(path)) throw invalid(`${option} ${JSON.stringify(path)} has a control character`, "Rename it, or hide the directory that it is in.");
    const base = bases.find((top) => target !== top && isWithin(target, top));
    if (base === undefined) throw invalid(`${option} ${path}: "${target}" is not inside the workspace`, `Give a path below ${workspace}.`, { path: target });
    if (option !== "--hide") return [target];
    const real = await realpath(target).catch(() => target);
    // What lies outside is not there inside anyhow.
    return bases.some((top) => real !== top && isWithin(real, top)) ? [real] : [];
  });
  return (await Promise.all(found)).flat();
}

/**
 * What is empty inside: what the person gave, and what that led to before, because an agent can lead a link on the way elsewhere.
 *
 * @throws AppError `WORKSPACE_INVALID` for a path that lies in none of the directories
 */
export async function hiddenPaths({ hide, workspace }: Pick<WorkspaceRequest, "hide" | "workspace">, bases: readonly string[], before: Journal | undefined): Promise<readonly string[]> {
  const given = await pathsInside(hide, { workspace, bases, option: "--hide" });
  const known = (before?.hidden ?? []).filter((path) => bases.some((top) => path !== top && isWithin(path, top)));
  return [...new Set([...given, ...known])];
}
