import type { ProgramResult } from "../../e2e/src/run-program.ts";
import { runProgram } from "../../e2e/src/run-program.ts";
import type { Suite } from "./provide-suite.ts";

/** The last line of the suite's own report. */
const TALLY = /^ *(\d+) checks · (?:(\d+) failed · )?(?:(\d+) warned · )?(?:(\d+) skipped · )?(?:(\d+) passed)?\s*$/m;

/** How many checks there were, and how they ended, as the suite counts them. */
export interface Tally {
  readonly checks: number;
  readonly failed: number;
  readonly warned: number;
  readonly skipped: number;
  readonly passed: number;
}

/** Read the tally of a report; `undefined` where it has none. */
export function readTally(report: string): Tally | undefined {
  const match = TALLY.exec(report);
  if (match === null) return undefined;
  const [checks = 0, failed = 0, warned = 0, skipped = 0, passed = 0] = match.slice(1).map((digits: string | undefined) => Number(digits ?? 0));
  return { checks, failed, warned, skipped, passed };
}

/** Run the suite against an adapter, over Kits that lie in a directory; for two hours at most. */
export async function runSuite(
  { program }: Suite,
  { adapter, fixtures, cwd, env }: { readonly adapter: string; readonly fixtures: string; readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<ProgramResult> {
  return await runProgram(program, ["runtime", "--adapter", adapter, "--fixtures", fixtures, "--timeout", "2h", "--verbose", "--color", "never"], { cwd, env });
}
