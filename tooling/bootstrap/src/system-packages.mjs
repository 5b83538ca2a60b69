import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { isatty } from "node:tty";
import { runCommand } from "./run-command.mjs";
import { SetUpProblem } from "./set-up-problem.mjs";

/**
 * @typedef {object} Rights
 * @property {boolean} root
 * @property {boolean} terminal A person can be asked.
 * @property {boolean} ci
 */

/**
 * Whether to change the system: unasked where nobody can be asked and we are root, and in CI; a person is asked.
 *
 * @param {Rights} rights
 * @returns {"do" | "ask" | "refuse"}
 */
export function consentMode({ root, terminal, ci }) {
  if (ci) return "do";
  if (terminal) return "ask";
  return root ? "do" : "refuse";
}

/** @returns {Rights} */
export function currentRights() {
  return {
    root: process.getuid?.() === 0,
    terminal: isatty(0) && isatty(1),
    ci: (process.env["CI"] ?? "") !== "" && process.env["CI"] !== "false",
  };
}

/**
 * @param {string} question
 * @param {Rights} rights
 * @returns {Promise<boolean>}
 */
export async function consent(question, rights) {
  const mode = consentMode(rights);
  if (mode !== "ask") return mode === "do";
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^(y|yes|)$/i.test((await terminal.question(`\n  ${question} [Y/n] `)).trim());
  } finally {
    terminal.close();
  }
}

/**
 * Run a command with root's rights: directly as root, else by sudo. Without a terminal sudo must not ask.
 *
 * @param {readonly [string, ...string[]]} command
 * @param {{ rights: Rights, onLine?: (line: string) => void, env?: Record<string, string> }} options
 */
export function runAsRoot(command, { rights, onLine, env = {} }) {
  const assignments = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  const [program, ...args] = rights.root ? ["env", ...assignments, ...command] : ["sudo", ...(rights.terminal ? [] : ["-n"]), "env", ...assignments, ...command];
  return runCommand(program, args, onLine === undefined ? {} : { onLine });
}

/** Whether this is Debian or one of its children, such as Ubuntu. */
export function isDebianLike(osRelease = readOsRelease()) {
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(osRelease);
}

function readOsRelease() {
  try {
    return readFileSync("/etc/os-release", "utf8");
  } catch {
    return "";
  }
}

/**
 * @param {readonly string[]} names
 * @param {{ rights: Rights, onLine: (line: string) => void }} options
 */
export async function installPackages(names, { rights, onLine }) {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = () => runAsRoot(["apt-get", "install", "-y", "--no-install-recommends", ...names], { rights, onLine, env });
  const update = await runAsRoot(["apt-get", "update"], { rights, onLine, env });
  const { code, output } = await install();
  if (code === 0) return;
  throw new SetUpProblem(
    `apt-get could not install ${names.join(" ")}:\n${update.code === 0 ? "" : `${update.output}\n`}${output}`,
    `Install by hand: ${rights.root ? "" : "sudo "}apt-get install ${names.join(" ")}`,
  );
}

/** @param {string} program */
export async function isOnPath(program) {
  return (await runCommand("sh", ["-c", `PATH="$PATH:/usr/sbin:/sbin" command -v "$1"`, "sh", program])).code === 0;
}
