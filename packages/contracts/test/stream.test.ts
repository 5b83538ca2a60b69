import fc from "fast-check";
import { describe, it } from "vitest";
import { decodeExit, decodeSize, encodeExit, encodeFrame, encodeSize, FrameReader, MAX_FRAME_BYTES, type FrameType } from "../src/index.ts";

const frames = fc.array(fc.record({ type: fc.constantFrom<FrameType>("stdin", "stdin-end", "resize", "signal", "stdout", "stderr", "exit", "problem"), payload: fc.uint8Array({ maxLength: 300 }) }), {
  maxLength: 12,
});

describe("session frames", () => {
  it("arrive as they were sent, however the stream is cut", ({ expect }) => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(40), { maxLength: 60 }), (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(({ type, payload }) => encodeFrame(type, payload)));
        const reader = new FrameReader();
        const seen: { type: FrameType; payload: number[] }[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.byteLength]) {
          for (const { type, payload } of reader.push(bytes.subarray(at, at + cut))) seen.push({ type, payload: [...payload] });
          at += cut;
        }
        expect(seen).toEqual(sent.map(({ type, payload }) => ({ type, payload: [...payload] })));
      }),
    );
  });

  it("of an unknown type or a length over the limit are refused", ({ expect }) => {
    expect(() => new FrameReader().push(Uint8Array.of(99, 0, 0, 0, 0))).toThrow("unknown frame type");
    const long = encodeFrame("stdin");
    new DataView(long.buffer).setUint32(1, MAX_FRAME_BYTES + 1);
    expect(() => new FrameReader().push(long)).toThrow("over the limit");
  });

  it("carry sizes and codes, and nothing that is none", ({ expect }) => {
    expect(decodeSize(encodeSize({ columns: 120, rows: 40 }))).toEqual({ columns: 120, rows: 40 });
    expect(decodeSize(encodeSize({ columns: 0, rows: 40 }))).toBeUndefined();
    expect(decodeSize(Uint8Array.of(1, 2))).toBeUndefined();
    expect(decodeExit(encodeExit(137))).toBe(137);
    expect(decodeExit(Uint8Array.of(1))).toBeUndefined();
  });
});
