import { SetUpProblem } from "./set-up-problem.mjs";

/**
 * Say what ended the set-up and return the exit code: a known problem with its fix, anything else with its stack.
 *
 * @param {unknown} error
 * @param {(text: string) => void} write
 * @returns {number}
 */
export function reportProblem(error, write) {
  if (error instanceof SetUpProblem) write(`\nerror: ${error.message}\n  fix: ${error.fix}\n`);
  else write(`\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}
