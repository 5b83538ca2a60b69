import { fileURLToPath } from "node:url";
import { CLIENT_SCENARIOS, NOT_RUN } from "./client-scenarios.ts";
import { listClientScenarios, runClientScenario, runSuite, type SuiteOutcome } from "./run-suite.ts";
import { startFront } from "./start-front.ts";

/** What is run, and under which name its score is printed. */
const RUNS = [
  { name: "suite active", args: ["--suite", "active"] },
  { name: "requirements 2025-11-25", args: ["--requirements", "2025-11-25"] },
] as const;

/** Run the conformance suite against both sides of the gateway and print the score. */
async function main(): Promise<number> {
  let failed = 0;
  {
    await using front = await startFront();
    for (const { name, args } of RUNS) failed += print(name, await runSuite(front.url, args));
  }
  const client = fileURLToPath(new URL("./client-under-test.ts", import.meta.url));
  for (const scenario of CLIENT_SCENARIOS) failed += print(`client ${scenario}`, await runClientScenario(scenario, client));
  const all = await listClientScenarios();
  for (const { scenarios, because } of NOT_RUN) console.log(`not run, because ${because}: ${all.filter((name) => scenarios.test(name)).join(", ")}`);
  return failed === 0 ? 0 : 1;
}

function print(name: string, { checks, output }: SuiteOutcome): number {
  const count = (status: string): number => checks.filter((check) => check.status === status).length;
  console.log(`${name}: ${count("SUCCESS")} passed, ${count("FAILURE")} failed, ${count("WARNING")} warnings, ${count("SKIPPED")} skipped`);
  for (const { scenario, id, status, message } of checks) if (status === "FAILURE" || status === "WARNING") console.log(`  ${status} ${scenario} ${id}: ${message ?? ""}`);
  if (count("SUCCESS") === 0) console.log(output);
  return count("FAILURE") + (count("SUCCESS") === 0 ? 1 : 0);
}

process.exitCode = await main();
