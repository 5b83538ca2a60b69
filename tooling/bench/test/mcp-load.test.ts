import { describe, it } from "vitest";
import type { McpClient } from "../src/mcp-client.ts";
import { loadCalls } from "../src/mcp-load.ts";
import { startDirect, startGateway } from "../src/mcp-processes.ts";
import { openHttpSession } from "../src/mcp-client.ts";

describe("calls of the bench", () => {
  it("are so many, so many at a time, each with an answer of its own", async ({ expect }) => {
    const asked = new Set<string>();
    let open = 0;
    let most = 0;
    const client: McpClient = {
      ask: async (_, params) => {
        open += 1;
        most = Math.max(most, open);
        await new Promise((resolve) => setImmediate(resolve));
        open -= 1;
        asked.add(JSON.stringify(params));
        return JSON.stringify(params);
      },
      [Symbol.dispose]: () => undefined,
    };
    const { medianMs, p99Ms, perSecond } = await loadCalls(client, { calls: 100, atOnce: 8 });
    expect([asked.size, most]).toEqual([100, 8]);
    expect(medianMs).toBeGreaterThan(0);
    expect(p99Ms).toBeGreaterThanOrEqual(medianMs);
    expect(perSecond).toBeGreaterThan(0);
  });

  it("do not count when their answer is another's", async ({ expect }) => {
    const client: McpClient = { ask: async () => "something else", [Symbol.dispose]: () => undefined };
    await expect(loadCalls(client, { calls: 1, atOnce: 1 })).rejects.toThrow("was answered with something else");
  });

  it("reach the server alone, and through the gateway", async ({ expect }) => {
    await using direct = await startDirect();
    expect((await loadCalls(direct.client, { calls: 10, atOnce: 5 })).perSecond).toBeGreaterThan(0);
    await using gateway = await startGateway({ tools: 3 });
    using client = await openHttpSession(gateway.port, 5);
    expect(await client.ask("tools/list", {})).toContain('"tool_0"');
    expect((await loadCalls(client, { calls: 10, atOnce: 5 })).perSecond).toBeGreaterThan(0);
    expect((await gateway.facts()).now).toBeGreaterThan(1 << 20);
  });
});
