import { join } from "node:path";
import { runCommand } from "./run-command.mjs";
import { SetUpProblem } from "./set-up-problem.mjs";

/**
 * Put the sources of the command line and of the daemon together, so that they start fast.
 *
 * @param {string} root
 * @param {string} node The Node that runs the project.
 * @returns {Promise<string>}
 */
export async function bundlePrograms(root, node) {
  const { code, output } = await runCommand(node, [join(root, "tooling/build/bundle.ts")], { cwd: root });
  if (code !== 0) throw new SetUpProblem(`The sources cannot be put together:\n${output}`, "Look at the last lines above; git status says what was changed.");
  return "put together";
}
