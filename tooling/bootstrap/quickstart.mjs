import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { reportProblem } from "./src/report-problem.mjs";
import { runCommand } from "./src/run-command.mjs";
import { setUp } from "./src/set-up.mjs";
import { createSteps } from "./src/steps.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const demonstration = join(root, "tooling/quickstart/src/main.ts");
const write = (/** @type {string} */ text) => void process.stdout.write(text);

try {
  write("Setting up sbx\n");
  const verbose = process.argv.includes("--verbose");
  const steps = createSteps(write, process.stdout.isTTY && !verbose ? { columns: process.stdout.columns } : {});
  const machine = await setUp(root, steps, {
    engineOptional: false,
    onLine: verbose
      ? (line) => {
          write(`    ${line}\n`);
        }
      : steps.doing,
  });
  if (existsSync(demonstration)) {
    const { code } = await runCommand(machine.node, ["--conditions=@sbx/source", demonstration, ...process.argv.slice(2)], { cwd: root, env: machine.env, show: true });
    process.exitCode = code;
  } else {
    write("\nReady. Next: npx sbx doctor\n");
  }
} catch (error) {
  process.exitCode = reportProblem(error, write);
}
