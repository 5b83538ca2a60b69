import { PassThrough, Readable, Writable } from "node:stream";
import { describe, it } from "vitest";
import { sendSpent } from "../../src/streams/send-spent.ts";

const LARGE = 64 << 10;

describe("sendSpent", () => {
  it("sends every piece whole, waits for a slow sink, and frees what has gone", async ({ expect }) => {
    const given = [1, 2, 3].map((byte) => Buffer.alloc(LARGE, byte));
    const taken: number[] = [];
    let waiting = 0;
    const sink = new Writable({
      highWaterMark: 1,
      write(piece: Buffer, _encoding, done) {
        waiting += 1;
        setImmediate(() => {
          taken.push(...new Set(piece), piece.length);
          waiting -= 1;
          done();
        });
      },
    });
    await sendSpent(Readable.from(given), sink);
    expect(waiting).toBe(0);
    expect(taken).toEqual([1, LARGE, 2, LARGE, 3, LARGE]);
    expect(given.map(({ length }) => length)).toEqual([0, 0, 0]);
  });

  it.for([
    ["closes", (sink: PassThrough) => setImmediate(() => sink.destroy())],
    ["was closed before", (sink: PassThrough) => sink.destroy()],
  ] as const)("fails when its sink %s, instead of waiting for ever", async ([, close], { expect }) => {
    const sink = new PassThrough({ highWaterMark: 1 }).on("error", () => undefined);
    close(sink);
    await expect(sendSpent(Readable.from([Buffer.alloc(LARGE), Buffer.alloc(LARGE)]), sink)).rejects.toThrow(/closed before/);
  });

  it("fails when its source does", async ({ expect }) => {
    const broken = new Readable({
      read() {
        this.destroy(new Error("broken"));
      },
    });
    await expect(sendSpent(broken, new PassThrough())).rejects.toThrow("broken");
  });
});
