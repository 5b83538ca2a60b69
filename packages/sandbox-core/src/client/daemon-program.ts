import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "@sbx/contracts/app-error";
import type { Environment } from "./daemon-port.ts";

/** The daemon's program as its package brings it. */
const INSTALLED = path.join("node_modules", "sbxd", "bin", "sbxd.mjs");
/** Where it lies in the repository, relative to `src/client` of this package. */
const IN_REPOSITORY = "../../../../apps/daemon/bin/sbxd.mjs";

/**
 * What Node is told for the daemon. Many clients at once make much that lives for a moment only: a small nursery keeps
 * memory to a third of what it grows to otherwise, and costs no time that could be measured.
 */
export const DAEMON_FLAGS: readonly string[] = ["--max-semi-space-size=4"];

/**
 * The daemon's program. `SBX_DAEMON_PROGRAM` names another one.
 *
 * It is looked for as an import would be, from `from` (an `import.meta.url`) and from this package; never from the current
 * directory, which may be anybody's.
 * @throws AppError `DAEMON_UNREACHABLE` when it is nowhere
 */
export function findDaemonProgram(env: Environment, from?: string): string {
  const named = env["SBX_DAEMON_PROGRAM"];
  const places = named === undefined ? [...repositoryPlace(), ...(from === undefined ? [] : placesAbove(from)), ...placesAbove(import.meta.url)] : [named];
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  const message = `The daemon's program is not there (looked for ${named ?? `${INSTALLED} above ${fileURLToPath(from ?? import.meta.url)}`})`;
  throw new AppError("DAEMON_UNREACHABLE", { message, fix: "Install sbx again, whole; beside the SDK: npm install sbxd" });
}

/** This file lies in `src/client` as source; when built, in `dist`. */
function repositoryPlace(): readonly string[] {
  return new URL(".", import.meta.url).pathname.endsWith("/src/client/") ? [fileURLToPath(new URL(IN_REPOSITORY, import.meta.url))] : [];
}

function placesAbove(url: string): readonly string[] {
  const places: string[] = [];
  for (let directory = path.dirname(fileURLToPath(url)); ; directory = path.dirname(directory)) {
    places.push(path.join(directory, INSTALLED));
    if (path.dirname(directory) === directory) return places;
  }
}
