import type { SandboxStats } from "@sbx/contracts";
import { describe, it } from "vitest";
import { cpuPercent, size } from "../../src/show-stats.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";
import { runLine, startLine } from "../support/run-line.ts";

function stats(over: { readonly at: string; readonly cpu?: number; readonly name?: string }): SandboxStats {
  return {
    id: "sbx_00000001" as SandboxStats["id"],
    name: over.name ?? "app",
    at: over.at,
    ...(over.cpu === undefined ? {} : { usage: { cpuNanoseconds: over.cpu, memoryBytes: 200 << 20, memoryLimitBytes: 4 * 1024 ** 3, pids: 12, pidsLimit: 4096 } }),
    network: { bytesIn: 1_500_000, bytesOut: 20, connections: 3, refused: 2 },
    model: { requests: 1, inputTokens: 10, outputTokens: 5 },
  };
}

/** A daemon that says, one answer after the other, that half a processor is used. */
function daemonOf() {
  let asked = 0;
  return createFakeDaemon({
    handlers: {
      sandboxStats: () => {
        asked += 1;
        return Promise.resolve([stats({ at: new Date(asked * 1000).toISOString(), cpu: asked * 5e8 }), stats({ name: "stopped", at: "2026-01-01T00:00:00.000Z" })]);
      },
    },
  });
}

describe("sbx stats", () => {
  it("prints once with --no-stream, those that run", async ({ expect }) => {
    const { out, code } = await runLine(["stats", "--no-stream"], { daemon: daemonOf() });
    expect({ out, code }).toEqual({
      code: 0,
      out: "NAME   CPU %   MEMORY / LIMIT      PIDS   IN / OUT         REFUSED   TOKENS IN / OUT\napp    50.0    200 MiB / 4.0 GiB   12     1.4 MiB / 20 B   2         10 / 5\n",
    });
    const { out: json } = await runLine(["stats", "--no-stream", "--json"], { daemon: daemonOf() });
    expect(JSON.parse(json)).toMatchObject([{ name: "app", cpuPercent: 50, network: { refused: 2 }, usage: { pids: 12 } }]);
  });

  it("goes on until it is interrupted, which is no failure", async ({ expect }) => {
    const line = startLine(["stats"], { daemon: daemonOf() });
    while (line.io.output().split("app").length < 4) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    line.signal("SIGINT");
    expect(await line.code).toBe(0);
  });

  it("shows a named one that is stopped", async ({ expect }) => {
    const daemon = createFakeDaemon({ handlers: { sandboxStats: () => Promise.resolve([stats({ at: "2026-01-01T00:00:00.000Z" })]) } });
    const { out } = await runLine(["stats", "--no-stream", "app"], { daemon });
    expect(out).toContain("app    -");
    expect(daemon.calls[0]?.input).toEqual({ sandbox: "app" });
  });

  it("counts no share without two looks, and writes sizes shortly", ({ expect }) => {
    const now = stats({ at: "2026-01-01T00:00:01.000Z", cpu: 1e9 });
    expect([cpuPercent(undefined, now), cpuPercent(now, now), cpuPercent(stats({ at: "2026-01-01T00:00:00.000Z", cpu: 2e9 }), now)]).toEqual([0, 0, 0]);
    expect([0, 999, 1000, 1024, 1536, 1 << 30].map(size)).toEqual(["0 B", "999 B", "1.0 KiB", "1.0 KiB", "1.5 KiB", "1.0 GiB"]);
  });
});
