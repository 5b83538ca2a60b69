import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";
import { CLIENT_SCENARIOS } from "../src/client-scenarios.ts";
import { runClientScenario, runSuite } from "../src/run-suite.ts";
import { startFront } from "../src/start-front.ts";

describe("the gateway in front of a server", () => {
  it("meets every check of the suite's requirements for revision 2025-11-25", { timeout: 120_000 }, async ({ expect }) => {
    await using front = await startFront();
    const { checks, output, exitCode } = await runSuite(front.url, ["--requirements", "2025-11-25"]);
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
});
