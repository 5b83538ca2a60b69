import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AppError } from "@sbx/contracts";
import type { Environment } from "../context.ts";

/** Where the daemon lies relative to this package: below it, beside it when installed flat, or as in the repository. */
const PLACES = ["node_modules/sbxd/bin/sbxd.mjs", "../sbxd/bin/sbxd.mjs", "../daemon/bin/sbxd.mjs"];

/**
 * What Node is told for the daemon. Many clients at once make much that lives for a moment only: a small nursery keeps
 * memory to a third of what it grows to otherwise, and costs no time that could be measured.
 */
export const DAEMON_FLAGS: readonly string[] = ["--max-semi-space-size=4"];

/** The daemon's program with its first arguments. `SBX_DAEMON_PROGRAM` names another one. */
export function findDaemonProgram(env: Environment): readonly string[] {
  const named = env["SBX_DAEMON_PROGRAM"];
  const places = named === undefined ? PLACES.map((place) => fileURLToPath(new URL(place, packageRoot()))) : [named];
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new AppError("DAEMON_UNREACHABLE", { message: `The daemon's program is not there (looked at ${places.join(", ")})`, fix: "Install sbx again, whole." });
  return [found];
}

/** This file lies in `src/daemon` as source; when bundled, in `dist`. */
function packageRoot(): URL {
  const here = new URL(".", import.meta.url);
  return here.pathname.endsWith("/src/daemon/") ? new URL("../../", here) : new URL("../", here);
}
