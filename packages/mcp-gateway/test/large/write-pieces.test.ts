import { Writable } from "node:stream";
import { afterEach, beforeEach, describe, it, vi } from "vitest";
import { writePieces } from "../../src/large/write-pieces.ts";

const PIECES = 500;
const STALLED_MS = 60_000;

async function* pieces(): AsyncGenerator<string> {
  for (let at = 0; at < PIECES; at += 1) yield await Promise.resolve(`${at},`);
}

/** A stream that holds next to nothing; `next` is told of each write that is to be let go. */
function narrow(next: (written: string, done: () => void) => void): Writable {
  return new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      next(chunk.toString(), done);
    },
  });
}

describe("pieces that are written as fast as they are read", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("come whole, and leave nothing that waits", async ({ expect }) => {
    let written = "";
    const stream = narrow((text, done) => {
      written += text;
      process.nextTick(done);
    });
    expect(await writePieces(stream, pieces())).toBe(true);
    expect(written).toBe(Array.from({ length: PIECES }, (_, at) => `${at},`).join(""));
    expect(vi.getTimerCount()).toBe(0);
    expect(["drain", "close"].map((event) => stream.listenerCount(event))).toEqual([0, 0]);
  });

  it("end with the stream, also while one waits", async ({ expect }) => {
    const stream: Writable = narrow(() => {
      process.nextTick(() => stream.destroy());
    });
    expect(await writePieces(stream, pieces())).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("end when nobody reads, and what was written is destroyed", async ({ expect }) => {
    let writes = 0;
    const stream = narrow(() => {
      writes += 1;
    });
    const written = writePieces(stream, pieces());
    await vi.advanceTimersByTimeAsync(STALLED_MS);
    expect(await written).toBe(false);
    expect({ writes, destroyed: stream.destroyed }).toEqual({ writes: 1, destroyed: true });
  });
});
