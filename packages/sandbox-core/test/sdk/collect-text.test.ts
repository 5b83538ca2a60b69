import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, it } from "vitest";
import { collectBytes, collectText } from "../../src/sdk/collect-text.ts";

async function* of(pieces: Iterable<Uint8Array>, atEnd: () => void = () => undefined): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(piece);
  atEnd();
}

function* singleBytes(count: number): Generator<Uint8Array> {
  for (let at = 0; at < count; at += 1) yield new Uint8Array(1).fill(0x61);
}

/** Bytes of the heap that are in use. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

describe("what is collected of a stream", () => {
  it("is its beginning, and whether there was more", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 6000 }), { maxLength: 8 }), fc.integer({ min: 0, max: 20_000 }), async (pieces, maxBytes) => {
        const whole = Buffer.concat(pieces);
        const { bytes, truncated } = await collectBytes(of(pieces), maxBytes);
        expect(whole.subarray(0, maxBytes).equals(bytes)).toBe(true);
        expect(truncated).toBe(whole.length > maxBytes);
      }),
    );
  });

  it("takes hardly more memory than its bytes, also when they come one by one", async ({ expect }) => {
    const before = heapInUse();
    let held = Number.NaN;
    const singles = of(singleBytes(100_000), () => (held = heapInUse() - before));
    const { text } = await collectText(singles, 1 << 20);
    expect(text).toBe("a".repeat(100_000));
    expect(held).toBeLessThan(4 << 20);
  });
});
