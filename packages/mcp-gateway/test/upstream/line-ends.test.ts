import fc from "fast-check";
import { describe, it } from "vitest";
import { LineEnds } from "../../src/upstream/line-ends.ts";

describe("LineEnds", () => {
  it("makes one line feed of each end of a line, however the stream is cut", ({ expect }) => {
    const text = fc.array(fc.constantFrom("\r", "\n", "\r\n", "x", "data: é"), { maxLength: 40 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (sent, size) => {
        const ends = new LineEnds();
        const bytes = Buffer.from(sent);
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => Buffer.from(bytes.subarray(at * size, (at + 1) * size)));
        const before = pieces.map((piece) => piece.toString("latin1"));
        const given = pieces.map((piece) => Buffer.from(ends.plain(piece)));
        expect(Buffer.concat(given).toString()).toBe(sent.replaceAll(/\r\n?/g, "\n"));
        expect(pieces.map((piece) => piece.toString("latin1"))).toEqual(before);
      }),
    );
  });

  it("gives what needs no change as it is", ({ expect }) => {
    const piece = Buffer.from("data: x\n\n");
    expect(new LineEnds().plain(piece)).toBe(piece);
  });
});
