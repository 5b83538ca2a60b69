/**
 * Give an agent a task and print what it said, what it changed, and what of that would run on this machine.
 *
 *     node run-task.ts claude ./my-project "Explain this project in NOTES.md"
 */
import { AppError, sbx } from "@sbx/core";

const [agent = "claude", workspace = ".", prompt = "Say what this project is."] = process.argv.slice(2);

try {
  const { stdout, stderr, exitCode, diff, report, denied, usage } = await sbx.run({
    agent,
    workspace,
    prompt,
    deadlineMs: 10 * 60_000,
    onProgress: ({ step, state }) => {
      if (state === "started") process.stderr.write(`${step} …\n`);
    },
  });
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.stdout.write(`\n--- what changed\n${diff?.text ?? "(there is no git inside)\n"}`);
  for (const { path, why } of report.runsOnHost) process.stdout.write(`look at ${path} before you use it: ${why}\n`);
  for (const destination of denied) process.stdout.write(`refused: ${destination}\n`);
  process.stdout.write(`tokens: ${usage.inputTokens} in, ${usage.outputTokens} out\n`);
  process.exitCode = exitCode;
} catch (error) {
  if (!AppError.is(error)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n  fix: ${error.fix}\n`);
  process.exitCode = 125;
}
