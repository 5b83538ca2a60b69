import fc from "fast-check";
import { describe, it } from "vitest";
import { decodeHoldAnswer, encodeHoldHello, encodeHoldLeave, encodeHoldStart, HOLD_ANSWER_BYTES, HOLD_REQUEST_BYTES } from "../src/index.ts";

const exited = Uint8Array.from([0x53, 0x42, 0x58, 0x48, 1, 3, 0, 0, 0, 0, 0, 7, 0, 0, 0, 137]);
const start = { id: 7, command: ["true"], env: {}, workdir: "/", stdin: false };

describe("what pid 1 answers", () => {
  it("is read when it is exactly one message", ({ expect }) => {
    expect(decodeHoldAnswer(exited)).toEqual({ kind: "exited", id: 7, value: 137 });
    expect(decodeHoldAnswer(Uint8Array.from([0x53, 0x42, 0x58, 0x48, 1, 2, 0, 0, 255, 255, 255, 255, 0, 0, 0, 11]))).toEqual({ kind: "not-started", id: 0xffffffff, value: 11 });
  });

  it("is nothing when length, magic, version, kind, padding or value are not ours", ({ expect }) => {
    for (const [at, value] of [
      [0, 0],
      [4, 2],
      [5, 0],
      [5, 4],
      [6, 1],
      [7, 1],
      [12, 0x80],
      [14, 1],
    ] as const) {
      const wrong = exited.slice();
      wrong[at] = value;
      expect(decodeHoldAnswer(wrong), `byte ${at}`).toBeUndefined();
    }
    expect(decodeHoldAnswer(exited.subarray(1))).toBeUndefined();
  });

  it("never throws, whatever arrives", ({ expect }) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2 * HOLD_ANSWER_BYTES }), (bytes) => {
        expect(() => decodeHoldAnswer(bytes)).not.toThrow();
      }),
    );
  });
});

describe("what pid 1 is asked", () => {
  it("has its parts at fixed places", ({ expect }) => {
    const bytes = encodeHoldStart({ id: 0x01020304, command: ["a", "b c"], env: { X: "y=z" }, workdir: "/w", stdin: true });
    expect([...(bytes ?? [])].slice(0, 16)).toEqual([0x53, 0x42, 0x58, 0x48, 1, 1, 0, 1, 1, 2, 3, 4, 0, 2, 0, 1]);
    expect(new TextDecoder().decode(bytes?.subarray(16))).toBe("/w\0a\0b c\0X=y=z\0");
    expect([...encodeHoldLeave({ id: 5, outputs: 3 })]).toEqual([0x53, 0x42, 0x58, 0x48, 1, 2, 0, 3, 0, 0, 0, 5, 0, 0, 0, 0]);
    expect([...encodeHoldHello()].slice(4, 6)).toEqual([1, 3]);
  });

  it("is not asked what would be read as something else", ({ expect }) => {
    expect(encodeHoldStart({ ...start, command: [] })).toBeUndefined();
    expect(encodeHoldStart({ ...start, command: ["a\0b"] })).toBeUndefined();
    expect(encodeHoldStart({ ...start, workdir: "/\0" })).toBeUndefined();
    expect(encodeHoldStart({ ...start, env: { "A\0B": "c" } })).toBeUndefined();
    expect(encodeHoldStart({ ...start, command: ["x".repeat(HOLD_REQUEST_BYTES)] })).toBeUndefined();
    expect(encodeHoldStart({ ...start, command: Array.from({ length: 0x10000 }, () => "") })).toBeUndefined();
  });

  it("has as many strings as it says", ({ expect }) => {
    const text = fc.string({ maxLength: 20 }).filter((one) => !one.includes("\0"));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 9 }), fc.dictionary(text, text, { maxKeys: 9 }), (command, env) => {
        const bytes = encodeHoldStart({ ...start, command, env }) ?? new Uint8Array();
        expect(bytes.subarray(16).filter((byte) => byte === 0)).toHaveLength(1 + command.length + Object.keys(env).length);
      }),
    );
  });
});
