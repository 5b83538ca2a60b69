import { userInfo } from "node:os";
import { engineCandidates, findEngine } from "./engine-endpoints.mjs";
import { DEBIAN_TOOLS } from "./prepare-debian.mjs";
import { runCommand } from "./run-command.mjs";
import { SetUpProblem } from "./set-up-problem.mjs";
import { startEngine } from "./start-engine.mjs";
import { consent, installPackages, isDebianLike, isOnPath, runAsRoot } from "./system-packages.mjs";

const PACKAGES = ["docker.io", "iptables", "ca-certificates", ...DEBIAN_TOOLS];

/**
 * @typedef {import("./engine-endpoints.mjs").Attempt} Attempt
 * @typedef {{ rights: import("./system-packages.mjs").Rights, onLine: (line: string) => void }} Options
 */

/**
 * Find an engine that answers; start one that is installed; install Debian's where there is none and we may.
 *
 * @param {Options} options
 * @returns {Promise<{ host: string, how: string }>}
 */
export async function prepareEngine(options) {
  const first = await findEngine(engineCandidates(process.env));
  if (first.found !== undefined) return { host: first.found.host, how: first.found.name };
  if ((process.env["DOCKER_HOST"] ?? "") !== "") {
    throw new SetUpProblem(`No container engine answered. Tried ${list(first.attempts)}.`, "DOCKER_HOST points to an engine that does not answer: start it, or unset DOCKER_HOST.");
  }
  if (isLocked(first.attempts)) return await joinGroup(first.attempts, options);
  const installed = await installIfMissing(first.attempts, options);
  const { started, attempts } = await startEngine(options.rights);
  const second = await findEngine(engineCandidates(process.env));
  if (second.found !== undefined) return { host: second.found.host, how: [installed ? "installed" : "", `started by ${started ?? "the system"}`].filter(Boolean).join(", ") };
  if (isLocked(second.attempts)) return await joinGroup(second.attempts, options);
  throw new SetUpProblem(`No container engine answered. Tried ${list([...second.attempts, ...attempts])}.`, "Start Docker or Podman's socket, or point DOCKER_HOST at an engine that runs.");
}

/** @param {readonly Attempt[]} attempts */
export function list(attempts) {
  return attempts.map(({ name, why }) => `${name} (${why})`).join(", ");
}

/** @param {readonly Attempt[]} attempts */
function isLocked(attempts) {
  return attempts.some(({ name, why }) => name === "system socket" && why.startsWith("permission denied"));
}

/**
 * @param {readonly Attempt[]} attempts
 * @param {Options} options
 */
async function installIfMissing(attempts, { rights, onLine }) {
  if (await isOnPath("dockerd")) return false;
  if (!isDebianLike()) throw new SetUpProblem(`No container engine answered. Tried ${list(attempts)}.`, "Install Docker or Podman and start it, then run the same command again.");
  if (!(await consent(`No container engine answered. Install Debian's (${PACKAGES.join(" ")})?`, rights))) {
    throw new SetUpProblem(`No container engine answered. Tried ${list(attempts)}.`, `Install one: sudo apt-get install ${PACKAGES.join(" ")}`);
  }
  await installPackages(PACKAGES, { rights, onLine });
  return true;
}

/** What the re-started set-up finds in its environment, so that it tries this only once. */
const JOINED = "SBX_BOOTSTRAP_JOINED";

/**
 * The engine runs but is not this user's to use: join its group, which takes effect for new logins only, and go on in a
 * process that has it already.
 *
 * @param {readonly Attempt[]} attempts
 * @param {Options} options
 * @returns {Promise<never>}
 */
async function joinGroup(attempts, { rights }) {
  const { username } = userInfo();
  const problem = new SetUpProblem(
    `A container engine runs, but this user may not use it. Tried ${list(attempts)}.`,
    `Join the engine's group: sudo usermod -aG docker ${username}, then log in again`,
  );
  if (rights.root || process.env[JOINED] !== undefined) throw problem;
  if (!(await isMember(username))) {
    if (!(await consent(`Add ${username} to the group "docker"? Its members can do what root can.`, rights))) throw problem;
    if ((await runAsRoot(["usermod", "-aG", "docker", username], { rights })).code !== 0) throw problem;
  }
  process.stdout.write("\n");
  const again = [process.execPath, ...process.argv.slice(1)].map(quote).join(" ");
  const { code } = await runCommand("sg", ["docker", "-c", again], { show: true, env: { ...process.env, [JOINED]: "1" } });
  process.stdout.write(`\nYou are in the group "docker" now; this login is not yet. Log in again before the next command, or type: newgrp docker\n`);
  process.exit(code);
}

/** Whether the user is in the engine's group from the next login on. @param {string} username */
async function isMember(username) {
  const { code, output } = await runCommand("id", ["-nG", username]);
  return code === 0 && output.split(/\s+/).includes("docker");
}

/** @param {string} word */
function quote(word) {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
