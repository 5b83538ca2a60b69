import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How many lines of a command's output are kept for an error message. */
const KEPT_LINES = 40;

/**
 * @typedef {object} CommandOptions
 * @property {string} [cwd]
 * @property {Record<string, string | undefined>} [env] The whole environment; the caller's own when left out.
 * @property {boolean} [show] Hand the terminal to the command instead of reading its output.
 * @property {(line: string) => void} [onLine]
 */

/**
 * Run a command to its end. A command that cannot be started counts as one that ended with 127.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<{ code: number, output: string }>} `output` is empty when it was shown.
 */
export function runCommand(command, args, { cwd, env, show = false, onLine = () => undefined } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: env ?? process.env, stdio: show ? "inherit" : ["ignore", "pipe", "pipe"] });
    /** @type {string[]} */
    const lines = [];
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        if (lines.length > KEPT_LINES) lines.shift();
        onLine(line);
      });
    }
    child.once("error", (error) => {
      resolve({ code: 127, output: error.message });
    });
    child.once("close", (code, signal) => {
      resolve({ code: code ?? (signal === "SIGINT" ? 130 : 1), output: lines.join("\n") });
    });
  });
}
