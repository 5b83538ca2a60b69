import type { SandboxStats } from "@sbx/contracts";
import { describe, it } from "vitest";
import { limitLines } from "../../src/session/limit-lines.ts";
import { createFakeDaemon } from "../support/fake-daemon.ts";

const usage = { cpuNanoseconds: 0, memoryBytes: 0, memoryLimitBytes: 128 << 20, pids: 3, pidsLimit: 40 };

async function said(code: number, met: SandboxStats["limitsMet"], pids = 3): Promise<readonly string[]> {
  const stats = {
    id: "sbx_00000001",
    name: "app",
    at: "2026-01-01T00:00:00.000Z",
    usage: { ...usage, pids },
    network: { bytesIn: 0, bytesOut: 0, connections: 0, refused: 0 },
    model: { requests: 0, inputTokens: 0, outputTokens: 0 },
  };
  const daemon = createFakeDaemon({ handlers: { sandboxStats: () => Promise.resolve([met === undefined ? stats : { ...stats, limitsMet: met }]) } });
  return await limitLines((await daemon.connect()).client, "app", code);
}

describe("limits after a session", () => {
  it("are said when the kernel killed a program for want of memory, with what gives more", async ({ expect }) => {
    expect(await said(137, { memory: 2, pids: 0 })).toEqual([expect.stringMatching(/killed 2 programs of app, whose memory of 128 MiB was used up.*-m SIZE$/)]);
  });

  it("are said when no more processes could start, also when nobody can look any more", async ({ expect }) => {
    expect(await said(2, { memory: 0, pids: 7 })).toEqual([expect.stringContaining("limit of 40 processes")]);
    expect(await said(254, undefined, 40)).toEqual([expect.stringContaining("--pids NUMBER")]);
  });

  it("are not said of a program that failed by itself, was killed by somebody, or went well", async ({ expect }) => {
    expect([await said(0, { memory: 2, pids: 7 }), await said(1, { memory: 2, pids: 7 }), await said(137, { memory: 0, pids: 0 }), await said(2, undefined)]).toEqual([[], [], [], []]);
  });
});
