import fc from "fast-check";
import { describe, it } from "vitest";
import { readLimitsMet } from "../../src/sandbox/limits-met.ts";

describe("limits that were met", () => {
  it("are read from control groups of either version", ({ expect }) => {
    expect(readLimitsMet("/sys/fs/cgroup/memory.events:max 12\n/sys/fs/cgroup/memory.events:oom_kill 3\n/sys/fs/cgroup/pids.events:max 7\n")).toEqual({ memory: 3, pids: 7 });
    expect(readLimitsMet("/sys/fs/cgroup/memory/memory.oom_control:oom_kill 1\n/sys/fs/cgroup/pids/pids.events:max 0\n")).toEqual({ memory: 1, pids: 0 });
  });

  it("are none where nothing, or something else, is said", ({ expect }) => {
    expect(readLimitsMet("")).toEqual({ memory: 0, pids: 0 });
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { memory, pids } = readLimitsMet(text);
        expect([Number.isSafeInteger(memory) && memory >= 0, Number.isSafeInteger(pids) && pids >= 0]).toEqual([true, true]);
      }),
    );
  });
});
