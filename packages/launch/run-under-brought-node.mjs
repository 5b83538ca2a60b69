// Plain JavaScript without dependencies: an old Node reads this.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The program's own failures end with 125 and up. */
const FAILED = 125;

/** Go on under the Node that an installation of the clone brought; false when it brought none. */
export function runUnderBroughtNode(from) {
  const script = fileURLToPath(from);
  const node = broughtNode(dirname(dirname(script)));
  if (node !== undefined) runUnder(node, process.argv[1] ?? script);
  return node !== undefined;
}

/** In the nearest directory above that has one. */
function broughtNode(directory) {
  const brought = join(directory, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  if (existsSync(brought)) return brought;
  return dirname(directory) === directory ? undefined : broughtNode(dirname(directory));
}

function runUnder(node, script) {
  const child = spawn(node, [...process.execArgv, script, ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal sends its signals to both; sent on, they would count twice.
  const own = process.stdin.isTTY === true ? ["SIGINT", "SIGQUIT"] : [];
  for (const signal of ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"]) {
    process.on(signal, () => {
      if (!own.includes(signal)) child.kill(signal);
    });
  }
  child.once("error", (error) => {
    process.stderr.write(`error: ${node} cannot be started: ${error.message}\n  fix: npm run quickstart\n`);
    process.exitCode = FAILED;
  });
  child.once("close", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
