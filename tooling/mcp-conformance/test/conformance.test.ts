import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";
import { CLIENT_SCENARIOS, NOT_RUN } from "../src/client-scenarios.ts";
import { listClientScenarios, runClientScenario, runSuite } from "../src/run-suite.ts";
import { startFront } from "../src/start-front.ts";

describe("the gateway in front of a server", () => {
  it.for([
    ["--requirements", "2025-11-25"],
    ["--suite", "active"],
  ])("meets every check of the suite with %s %s", { timeout: 180_000 }, async (args, { expect }) => {
    await using front = await startFront();
    const { checks, output, exitCode } = await runSuite(front.url, args);
    expect(checks.filter(({ status }) => status === "FAILURE" || status === "WARNING")).toEqual([]);
    expect(new Set(checks.map(({ scenario }) => scenario)).size, output).toBeGreaterThanOrEqual(30);
    expect(exitCode, output).toBe(0);
  });
});

describe("the gateway as a client of a remote server", () => {
  it.for(CLIENT_SCENARIOS)("meets every check of the scenario %s", { timeout: 60_000 }, async (scenario, { expect }) => {
    const { checks, output } = await runClientScenario(scenario, fileURLToPath(new URL("../src/client-under-test.ts", import.meta.url)));
    expect(checks.filter(({ status }) => status === "FAILURE" || status === "WARNING")).toEqual([]);
    expect(checks.filter(({ status }) => status === "SUCCESS").length, output).toBeGreaterThan(0);
  });

  it("has a reason for every other scenario that the suite has for clients", { timeout: 60_000 }, async ({ expect }) => {
    const all = await listClientScenarios();
    expect(all.length).toBeGreaterThan(30);
    for (const scenario of CLIENT_SCENARIOS) expect(all).toContain(scenario);
    const others = all.filter((name) => !CLIENT_SCENARIOS.some((run) => run === name));
    expect(others.filter((name) => NOT_RUN.filter(({ scenarios }) => scenarios.test(name)).length !== 1)).toEqual([]);
    for (const { scenarios, because } of NOT_RUN) process.stdout.write(`not run, because ${because}: ${others.filter((name) => scenarios.test(name)).join(", ")}\n`);
  });
});
