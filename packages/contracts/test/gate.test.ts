import fc from "fast-check";
import { describe, it } from "vitest";
import { decodeDelivery, DELIVERY_BYTES, encodeGateRequest } from "../src/index.ts";

const hello = Uint8Array.from([0x53, 0x42, 0x58, 0x47, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);

describe("what a gate delivers", () => {
  it("is read when it is exactly one message", ({ expect }) => {
    expect(decodeDelivery(hello)).toEqual({ kind: "hello", intercept: "tproxy" });
    expect(decodeDelivery(Uint8Array.from([0x53, 0x42, 0x58, 0x47, 1, 2, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0]))).toEqual({ kind: "dialled", id: 7 });
    expect(decodeDelivery(Uint8Array.from([0x53, 0x42, 0x58, 0x47, 1, 4, 0, 0, 0, 0, 0, 7, 0, 0, 0, 111]))).toEqual({ kind: "failed", id: 7, errno: 111 });
  });

  it("is nothing when length, magic, version, kind or flags are not ours", ({ expect }) => {
    for (const [at, value] of [
      [0, 0],
      [4, 2],
      [5, 0],
      [5, 9],
      [7, 2],
      [11, 1],
      [15, 1],
    ] as const) {
      const wrong = hello.slice();
      wrong[at] = value;
      expect(decodeDelivery(wrong), `byte ${at}`).toBeUndefined();
    }
    expect(decodeDelivery(hello.subarray(1))).toBeUndefined();
  });

  it("never throws, whatever arrives", ({ expect }) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2 * DELIVERY_BYTES }), (bytes) => {
        expect(() => decodeDelivery(bytes)).not.toThrow();
      }),
    );
  });
});

describe("what a gate is asked", () => {
  it("has operation, port and id at fixed places", ({ expect }) => {
    expect([...encodeGateRequest({ op: "dial", port: 0x1234, id: 9 })]).toEqual([1, 0, 0x12, 0x34, 0, 0, 0, 9]);
    expect([...encodeGateRequest({ op: "listen", port: 80, id: 0xffffffff })]).toEqual([2, 0, 0, 80, 255, 255, 255, 255]);
  });
});
