import { realpath } from "node:fs/promises";
import { hasControlCharacter, whyForbidden, type CheckedWorkspace, type HostPlaces } from "@sbx/core";
import { invalid, unsafe } from "./invalid.ts";
import { openAbsolute, type Identity, type OpenPlace } from "./open-place.ts";

/** A workspace as it lies on the host. `path` is real; it differs from what was asked when a link led there. */
export interface FoundWorkspace extends CheckedWorkspace, Identity {}

/**
 * Decide whether a directory may be a workspace.
 *
 * @throws AppError `WORKSPACE_INVALID` for what is missing, no directory, a system's or the person's own wide directory,
 * or has a name that cannot be shown on one line
 */
export async function checkWorkspace(path: string, places: HostPlaces): Promise<FoundWorkspace> {
  if (hasControlCharacter(path)) throw invalid(`The name of the workspace ${JSON.stringify(path)} has a control character`, "Rename the directory.");
  if (!path.startsWith("/")) throw invalid(`The workspace "${path}" is not an absolute path`, "Give the directory's absolute path.");
  const real = await realpath(path).catch((error: unknown) => {
    throw invalid(`The workspace "${path}" cannot be opened (${codeOf(error)})`, codeOf(error) === "ENOENT" ? `Make it first: mkdir -p '${path}'` : "Give a directory that you can open.");
  });
  if (hasControlCharacter(real)) throw invalid(`The name of the workspace ${JSON.stringify(real)} has a control character`, "Rename the directory.");
  using place = openWorkspace(real, places);
  return { path: real, uid: place.uid, gid: place.gid, ...place.identity };
}

/**
 * Open a workspace that was checked before. Nothing on the way may be a link now: whoever can write above it could
 * otherwise lead the next start elsewhere.
 *
 * @throws AppError `WORKSPACE_INVALID`, `WORKSPACE_UNSAFE`
 */
export function openWorkspace(path: string, places: HostPlaces): OpenPlace {
  const why = whyForbidden(path, places);
  if (why !== undefined) throw invalid(`The workspace "${path}" ${why}`, "Give a project's own directory: sbx run <agent> path/to/project", { path });
  const place = openAbsolute(path);
  if (place === "missing") throw invalid(`The workspace "${path}" does not exist`, `Make it first: mkdir -p '${path}'`, { path });
  if (place === "through-link")
    throw unsafe(`A part of "${path}" has become a symbolic link`, "Look at what the link names; then remove the sandbox with sbx rm, and run it on the directory that you mean.", { path });
  if (place.kind === "directory") return place;
  place[Symbol.dispose]();
  if (place.kind === "link")
    throw unsafe(`"${path}" has become a symbolic link`, "Look at what the link names; then remove the sandbox with sbx rm, and run it on the directory that you mean.", { path });
  throw invalid(`The workspace "${path}" is not a directory`, "Give the directory that holds the file.", { path });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown error";
}
