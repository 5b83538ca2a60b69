import { afterEach, beforeEach, describe, it, vi } from "vitest";
import { OutputStream } from "../src/output-stream.ts";

const PIECE = Buffer.alloc(32 << 10, "y");

/** Deliver as a process that writes without end does; how many pieces were taken is counted. */
function flood(stream: OutputStream): { readonly taken: () => number; readonly stop: () => void } {
  let taken = 0;
  const stopped = new AbortController();
  void (async () => {
    while (!stopped.signal.aborted) {
      await stream.deliver(PIECE);
      taken += 1;
    }
  })();
  return {
    taken: () => taken,
    stop: () => {
      stopped.abort();
    },
  };
}

describe("output that nobody reads any longer", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is thrown away, a megabyte at a time with a pause, so that a flood of it costs nothing", async ({ expect }) => {
    const stream = new OutputStream();
    stream.on("error", () => undefined).destroy();
    const { taken, stop } = flood(stream);
    await vi.advanceTimersByTimeAsync(0);
    expect(taken()).toBe(31);
    await vi.advanceTimersByTimeAsync(1000);
    stop();
    expect(taken()).toBeGreaterThanOrEqual(20 * 31);
    expect(taken()).toBeLessThanOrEqual(22 * 32);
  });

  it("is taken without a pause where it is little, so that the process comes to its end", async ({ expect }) => {
    const stream = new OutputStream();
    stream.destroy();
    await stream.deliver(PIECE);
    await stream.finish();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("output that its reader wants no more of for now", () => {
  it("waits for the reader, and goes on where the reader leaves", async ({ expect }) => {
    const stream = new OutputStream({ highWaterMark: 1 });
    let isTaken = false;
    const delivered = stream.deliver(PIECE).then(() => (isTaken = true));
    await Promise.resolve();
    expect(isTaken).toBe(false);
    stream.destroy();
    await delivered;
  });
});
