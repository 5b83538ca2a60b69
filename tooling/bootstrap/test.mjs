import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { prepareTestTools } from "./src/prepare-test-tools.mjs";
import { reportProblem } from "./src/report-problem.mjs";
import { runCommand } from "./src/run-command.mjs";
import { secondTries } from "./src/second-try.mjs";
import { setUp } from "./src/set-up.mjs";
import { SetUpProblem } from "./src/set-up-problem.mjs";
import { createSteps, stepTable } from "./src/steps.mjs";
import { currentRights } from "./src/system-packages.mjs";
import { closingLine, failedFiles, sum, tallyOf, tallyOfTries } from "./src/test-summary.mjs";

/** @typedef {import("./src/test-summary.mjs").Tally} Tally */

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const write = (/** @type {string} */ text) => void process.stdout.write(text);
const steps = createSteps(write);
const reports = mkdtempSync(join(tmpdir(), "sbx-test-"));
/** @type {Tally[]} */
const tallies = [];
/** @type {string[]} What passed only when it was run again. */
const secondTry = [];

/**
 * Run one part of the tests; a failed one does not keep the others from running.
 *
 * @param {string} name
 * @param {() => Promise<{ code: number, tally: Tally }>} run
 */
async function part(name, run) {
  await steps
    .step(name, async () => {
      const { code, tally } = await run();
      tallies.push(tally);
      if (code !== 0) throw new SetUpProblem(`ended with ${code}`, "Look at its output above.");
      return { value: undefined, note: tally.passed === 0 ? "" : closingLine(tally) };
    })
    .catch((/** @type {unknown} */ error) => {
      if (!(error instanceof SetUpProblem)) throw error;
      process.exitCode = 1;
    });
}

try {
  const rights = currentRights();
  const machine = await setUp(root, steps, { engineOptional: !rights.ci, onLine: steps.doing });
  await steps.step("programs of tests", async () => ({ value: undefined, note: await prepareTestTools({ rights, onLine: steps.doing }) }));
  // Programs of the tests start from their sources again and again: what Node made of those the first time is kept in the clone.
  const env = { ...machine.env, NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compiled") };

  await part("checks", async () => {
    const { code } = await runCommand("npm", ["run", "--silent", "check"], { cwd: root, env, show: true });
    return { code, tally: { passed: 0, failed: code === 0 ? 0 : 1, skipped: 0 } };
  });
  for (const project of ["unit", "engine"]) {
    if (project === "engine" && machine.engine === undefined) {
      const { output } = await runCommand("git", ["ls-files", "*.engine.test.ts"], { cwd: root });
      const skipped = output.trim().split("\n").length;
      write(`  - engine tests: ${skipped} files skipped, because no container engine is here and none was promised (CI is not set)\n`);
      tallies.push({ passed: 0, failed: 0, skipped });
      continue;
    }
    const vitest = async (/** @type {string[]} */ ...files) => {
      const path = join(reports, `${project}-${files.length}.json`);
      const program = join(root, "node_modules/vitest/vitest.mjs");
      const { code } = await runCommand(machine.node, [program, "run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${path}`, ...files], {
        cwd: root,
        env,
        show: true,
      });
      const report = existsSync(path) ? readFileSync(path, "utf8") : undefined;
      return { code, report, tally: tallyOf(report, code) };
    };
    await part(`${project} tests`, async () => {
      const first = await vitest();
      const again = secondTries(root, failedFiles(first.report));
      if (again.length === 0) return first;
      write(`\n  ! failed, and run a second time alone: ${again.join(", ")}\n\n`);
      const second = await vitest(...again);
      if (second.code !== 0) return first;
      secondTry.push(`Passed only when run a second time: ${again.join(", ")}`);
      return { code: 0, tally: tallyOfTries(first.report, second.report, again) };
    });
  }
} catch (error) {
  process.exitCode = reportProblem(error, write);
  tallies.push({ passed: 0, failed: 1, skipped: 0 });
} finally {
  rmSync(reports, { recursive: true, force: true });
}
write(`\n${stepTable(steps.records())}\n\n${secondTry.map((line) => `${line}\n`).join("")}${closingLine(sum(tallies))}\n`);
