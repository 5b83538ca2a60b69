import fc from "fast-check";
import { describe, it } from "vitest";
import { SessionOutput } from "../../src/client/session-output.ts";

const bytesOf = async (output: SessionOutput): Promise<Buffer> => Buffer.concat(await output.claim().toArray());

describe("the output of a session", () => {
  it("is what was written, whether it is asked for early or late", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 })), fc.boolean(), async (chunks, early) => {
        const output = new SessionOutput();
        const read = early ? bytesOf(output) : undefined;
        for (const chunk of chunks) output.sink.write(chunk);
        output.sink.end();
        expect(await (read ?? bytesOf(output))).toEqual(Buffer.concat(chunks));
      }),
    );
  });

  it("holds its writer up while its reader does not read", async ({ expect }) => {
    const output = new SessionOutput();
    const stream = output.claim();
    let taken = 0;
    const chunk = Buffer.alloc(100_000);
    for (let count = 0; count < 50; count += 1) output.sink.write(chunk, () => (taken += 1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBeLessThan(30);
    output.sink.end();
    let bytes = 0;
    for await (const piece of stream as AsyncIterable<Buffer>) bytes += piece.byteLength;
    expect([taken, bytes]).toEqual([50, 5_000_000]);
  });

  it("goes nowhere, and holds nobody up, once its reader has left", async ({ expect }) => {
    const output = new SessionOutput();
    output.claim().destroy();
    for (let count = 0; count < 50; count += 1) output.sink.write(Buffer.alloc(100_000));
    await new Promise<void>((resolve) => output.sink.end(resolve));
    expect(output.sink.writableFinished).toBe(true);
  });
});
