import { ServerEntry } from "@sbx/contracts";
import { describe, it } from "vitest";
import { createServerRunner } from "../../../src/mcp/running/server-runner.ts";

const entry = ServerEntry.parse({ name: "tickets", source: { kind: "npm", package: "tickets", version: "1.0.0" }, secrets: [{ name: "tickets.token", env: "TOKEN" }] });
const { signal } = new AbortController();

describe("a local server", () => {
  it("that lacks a secret is neither fetched nor started, and the answer names the command that mends it", async ({ expect }) => {
    const done: string[] = [];
    const runner = createServerRunner({
      pods: { expect: () => undefined, start: () => Promise.reject(new Error(String(done.push("start")))) },
      preparations: { prepare: () => Promise.reject(new Error(String(done.push("prepare")))) },
      secrets: { adopt: () => Promise.resolve([]), lookup: () => () => Promise.resolve({ found: false, fix: "sbx secret set tickets.token" }) },
      catalogOf: () => "team",
      mayWrite: () => false,
    });
    const request = { entry, config: {}, caller: { kind: "host", scope: "x" } } as const;
    const lacking = { code: "SECRET_MISSING", message: expect.stringContaining('"tickets.token"') as unknown };
    await expect(runner.prepare?.(request, { progress: () => undefined, signal })).rejects.toMatchObject(lacking);
    await expect(runner.start(request, signal)).rejects.toMatchObject(lacking);
    expect(done).toEqual([]);
  });
});
