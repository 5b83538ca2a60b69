import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import fc from "fast-check";
import { memoryHeld } from "@sbx/testing";
import { describe, it } from "vitest";
import { gathered } from "../../src/streams/gathered.ts";

async function piecesOf(stream: Readable): Promise<readonly Buffer[]> {
  const pieces: Buffer[] = [];
  for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
  return pieces;
}

describe("gathered", () => {
  it("gives the same bytes, in whatever pieces they come", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50_000 }), { maxLength: 20 }), async (pieces) => {
        const whole = Buffer.concat(pieces);
        const given = pieces.map((piece) => Buffer.from(piece));
        expect(Buffer.concat(await piecesOf(gathered(Readable.from(given, { objectMode: false }))))).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it("makes few pieces of many that are there", async ({ expect }) => {
    const input = new PassThrough({ highWaterMark: 2 ** 20 });
    for (let at = 0; at < 64; at += 1) input.write(Buffer.alloc(8 << 10, at));
    input.end();
    expect((await piecesOf(gathered(input))).length).toBeLessThan(10);
  });

  it("does not wait for what has not come", async ({ expect }) => {
    const input = new PassThrough();
    const output = gathered(input);
    input.write("first");
    const [piece] = (await once(output, "data")) as [Buffer];
    expect(piece.toString()).toBe("first");
    output.destroy();
  });

  it("gives what comes while its reader is busy in one piece", async ({ expect }) => {
    const input = new PassThrough();
    const pieces = gathered(input)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    input.write("first");
    expect(String((await pieces.next()).value)).toBe("first");
    for (const word of ["a", "b", "c", "d"]) {
      input.write(word);
      await turn();
    }
    input.end();
    const rest = [await pieces.next(), await pieces.next(), await pieces.next()];
    // The first of them was there before the reader was known to be busy.
    expect(rest.map(({ value }) => String(value))).toEqual(["a", "bcd", "undefined"]);
  });

  it("holds nobody back when its reader has let go", async ({ expect }) => {
    let given = 0;
    const long = new Readable({
      read() {
        given += 64 << 10;
        this.push(given > 16 << 20 ? null : Buffer.alloc(64 << 10));
      },
    });
    gathered(long).destroy();
    long.resume();
    await once(long, "end");
    expect(given).toBeGreaterThan(16 << 20);
  });

  it("frees what it put together", async ({ expect }) => {
    const given = [Buffer.alloc(32 << 10, 1), Buffer.alloc(32 << 10, 2), Buffer.alloc(32 << 10, 3)];
    const output = await piecesOf(gathered(Readable.from(given, { objectMode: false })));
    expect(Buffer.concat(output).length).toBe(96 << 10);
    expect(given.filter((piece) => piece.length === 0).length).toBeGreaterThanOrEqual(2);
  });

  it("holds bytes that come one by one in hardly more memory than they are", async ({ expect }) => {
    const input = new PassThrough();
    const output = gathered(input, { pieceBytes: 512 << 10 });
    input.write("first");
    await once(output, "readable");
    const before = memoryHeld();
    for (let at = 0; at < 300 << 10; at += 1) input.emit("data", Buffer.from(new ArrayBuffer(1)));
    expect(memoryHeld() - before).toBeLessThan(4 << 20);
    input.end();
    expect(Buffer.concat(await piecesOf(output)).length).toBe(5 + (300 << 10));
  });

  it("takes no more than its reader does", async ({ expect }) => {
    let given = 0;
    const endless = new Readable({
      read() {
        given += 64 << 10;
        this.push(Buffer.alloc(64 << 10));
      },
    });
    const output = gathered(endless);
    await once(output, "readable");
    await new Promise((resolve) => setImmediate(resolve));
    expect(given).toBeLessThan(2 ** 20);
    output.destroy();
    endless.destroy();
  });

  it.for([
    ["fails", (input: PassThrough) => input.destroy(new Error("gone"))],
    ["closes before its end", (input: PassThrough) => input.destroy()],
  ] as const)("fails when its input %s", async ([, end], { expect }) => {
    const input = new PassThrough();
    const output = gathered(input);
    input.write("a");
    const reading = piecesOf(output);
    end(input);
    await expect(reading).rejects.toThrow();
  });

  it("fails when its input has closed before it was looked at", async ({ expect }) => {
    const input = new PassThrough();
    input.destroy();
    await once(input, "close");
    await expect(piecesOf(gathered(input))).rejects.toThrow("ended too early");
  });
});
