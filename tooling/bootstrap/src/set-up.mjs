import { bundlePrograms } from "./bundle-programs.mjs";
import { installDependencies } from "./install-dependencies.mjs";
import { prepareDebian } from "./prepare-debian.mjs";
import { prepareEngine } from "./prepare-engine.mjs";
import { checkBootstrapNode, findProjectNode } from "./project-node.mjs";
import { SetUpProblem } from "./set-up-problem.mjs";
import { currentRights } from "./system-packages.mjs";

/**
 * @typedef {ReturnType<typeof import("./steps.mjs").createSteps>} Steps
 * @typedef {object} Machine
 * @property {string} node The Node that runs the project.
 * @property {string | undefined} engine As in DOCKER_HOST; none when there is none and that is allowed.
 * @property {Record<string, string | undefined>} env Environment for everything of the project: its Node first, its engine named.
 */

/**
 * Bring a bare machine to where the project runs.
 *
 * @param {string} root
 * @param {Steps} steps
 * @param {{ engineOptional: boolean, onLine: (line: string) => void }} options
 * @returns {Promise<Machine>}
 */
export async function setUp(root, steps, { engineOptional, onLine }) {
  const rights = currentRights();
  checkBootstrapNode(process.version);
  await steps.step("dependencies", async () => ({ value: undefined, note: await installDependencies(root, onLine) }));
  const node = await steps.step("Node", async () => {
    const value = findProjectNode(root);
    return Promise.resolve({ value, note: value === process.execPath ? process.version : `the project's own (this machine has ${process.version})` });
  });
  await steps.step("programs", async () => ({ value: undefined, note: await bundlePrograms(root, node) }));
  const engine = await steps
    .step("container engine", async () => {
      const { host, how } = await prepareEngine({ rights, onLine });
      return { value: host, note: how };
    })
    .catch((/** @type {unknown} */ error) => {
      if (engineOptional && error instanceof SetUpProblem) return undefined;
      throw error;
    });
  if (engine !== undefined) await steps.step("Debian for images", async () => ({ value: undefined, note: await prepareDebian(engine, { rights, onLine }) }));
  return { node, engine, env: environment(node, engine) };
}

/**
 * @param {string} node
 * @param {string | undefined} engine
 */
function environment(node, engine) {
  const path = `${node.slice(0, node.lastIndexOf("/"))}:${process.env["PATH"] ?? ""}`;
  return { ...process.env, PATH: path, ...(engine === undefined ? {} : { DOCKER_HOST: engine }) };
}
