import { describe, it, vi, onTestFinished } from "vitest";
import { lookForChanges } from "../../../src/mcp/running/look-for-changes.ts";

describe("looking for changes", () => {
  it("tells once of each change, goes on after a fault, and ends", async ({ expect }) => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    let stamp = "a";
    const told: string[] = [];
    const faults: unknown[] = [];
    const looking = lookForChanges({
      stamp: () => stamp,
      onChange: async () => {
        told.push(stamp);
        if (stamp === "b") await Promise.reject(new Error("not now"));
      },
      onFault: (error) => faults.push(error),
    });
    await vi.advanceTimersByTimeAsync(5000);
    expect(told).toEqual([]);
    stamp = "b";
    await vi.advanceTimersByTimeAsync(5000);
    stamp = "c";
    await vi.advanceTimersByTimeAsync(5000);
    expect(told).toEqual(["b", "c"]);
    expect(faults).toHaveLength(1);
    looking[Symbol.dispose]();
    stamp = "d";
    await vi.advanceTimersByTimeAsync(5000);
    expect(told).toEqual(["b", "c"]);
  });
});
