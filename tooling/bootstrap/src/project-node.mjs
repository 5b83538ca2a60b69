import { existsSync } from "node:fs";
import { join } from "node:path";
import { SetUpProblem } from "./set-up-problem.mjs";

/** What the set-up itself runs on, and what the project runs on. */
export const BOOTSTRAP_NODE = 20;
export const PROJECT_NODE = 24;

/** @param {string} version As in `process.version`. */
export function majorOf(version) {
  return Number.parseInt(version.replace(/^v/, ""), 10);
}

/** @param {string} version */
export function checkBootstrapNode(version) {
  if (majorOf(version) >= BOOTSTRAP_NODE) return;
  throw new SetUpProblem(`Node ${version} is too old to set the project up.`, `Install Node ${BOOTSTRAP_NODE} or newer; the project brings its own Node ${PROJECT_NODE}.`);
}

/**
 * The Node that runs the project: the one its dependencies brought, else the machine's if it is new enough.
 *
 * @param {string} root
 * @param {{ platform: string, arch: string, version: string, execPath: string }} running
 * @returns {string}
 */
export function findProjectNode(root, running = process) {
  const brought = join(root, "node_modules", `node-${running.platform}-${running.arch}`, "bin", "node");
  if (existsSync(brought)) return brought;
  if (majorOf(running.version) >= PROJECT_NODE) return running.execPath;
  throw new SetUpProblem(
    `The project needs Node ${PROJECT_NODE}; this machine has ${running.version}, and its dependencies bring none for ${running.platform}-${running.arch}.`,
    `Install Node ${PROJECT_NODE} and run the same command again.`,
  );
}
