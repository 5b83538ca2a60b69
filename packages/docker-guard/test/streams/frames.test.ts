import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import fc from "fast-check";
import { describe, it } from "vitest";
import { contentsOf, Frames } from "../../src/streams/frames.ts";

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

async function through(pieces: readonly Buffer[]): Promise<Buffer> {
  const frames = new Frames();
  const [out] = await Promise.all([frames.toArray(), pipeline(Readable.from(pieces), frames)]);
  return Buffer.concat(out as Buffer[]);
}

describe("Frames", () => {
  it("lets frames through unchanged, however they are cut", async ({ expect }) => {
    const pieces = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.string({ maxLength: 40 })), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 11 }), async (frames, size) => {
        const bytes = Buffer.concat(frames.map(([stream, text]) => frame(stream, text)));
        const cut = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
        expect(await through(cut)).toEqual(bytes);
      }),
    );
  });

  it.for<readonly [string, Buffer]>([
    ["an unknown stream", frame(7, "x")],
    ["input as output", frame(0, "x")],
    ["bytes where zeros belong", Buffer.from([1, 0, 1, 0, 0, 0, 0, 1, 65])],
    ["a length beyond any piece", Buffer.from([1, 0, 0, 0, 255, 255, 255, 255])],
    ["an answer of HTTP", Buffer.from("HTTP/1.1 200 OK\r\n\r\n")],
    ["half a header", Buffer.from([1, 0, 0])],
    ["half a piece", frame(1, "hello").subarray(0, 10)],
  ])("ends at %s", async ([, bytes], { expect }) => {
    await expect(through([bytes])).rejects.toThrow(/stream/);
  });
});

describe("contentsOf", () => {
  it("gives what stands behind the headers, however the stream is cut", async ({ expect }) => {
    const pieces = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.string({ maxLength: 40 })), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 11 }), async (frames, size) => {
        const bytes = Buffer.concat(frames.map(([stream, text]) => frame(stream, text)));
        const cut = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
        const contents: Buffer[] = [];
        for await (const one of contentsOf(Readable.from(cut))) contents.push(one);
        expect(Buffer.concat(contents).toString()).toBe(frames.map(([, text]) => text).join(""));
      }),
    );
  });

  it("rejects at a stream that ends too early, or is none of a process", async ({ expect }) => {
    for (const bytes of [frame(1, "hello").subarray(0, 10), Buffer.from("HTTP/1.1 200 OK\r\n\r\n")])
      await expect(Readable.from(contentsOf(Readable.from([bytes]))).toArray()).rejects.toThrow(/stream/);
  });
});
