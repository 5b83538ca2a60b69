import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, it } from "vitest";
import { startLoadServer } from "../src/load-server.ts";

const LOAD = fileURLToPath(new URL("../load.ts", import.meta.url));
const run = promisify(execFile);

describe("the load generator and its server", () => {
  it.for(["connect", "connections", "round-trip", "round-trip-64-p99", "bulk", "bulk-8"])("gives one number for %s", { timeout: 120_000 }, async (mode, { expect }) => {
    await using server = await startLoadServer();
    const { stdout } = await run(process.execPath, [LOAD, mode, "localhost", String(server.port)]);
    expect(Number(stdout)).toBeGreaterThan(0);
  });

  it("fails, and prints no number, when nobody answers", async ({ expect }) => {
    const server = await startLoadServer();
    await server[Symbol.asyncDispose]();
    const failed: unknown = await run(process.execPath, [LOAD, "connect", "localhost", String(server.port)]).catch((error: unknown) => error);
    expect(failed).toMatchObject({ stdout: "" });
  });
});
