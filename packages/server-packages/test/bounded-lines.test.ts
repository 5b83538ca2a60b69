import fc from "fast-check";
import { describe, it } from "vitest";
import { BoundedLines } from "../src/bounded-lines.ts";

const cut = (bytes: Buffer, at: readonly number[]): readonly Buffer[] => {
  const places = [0, ...at.map((one) => one % (bytes.length + 1)).toSorted((one, other) => one - other), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
};
const linesOf = (chunks: readonly Buffer[], maxBytes: number): readonly string[] => {
  const lines = new BoundedLines(maxBytes);
  return [...chunks.flatMap((chunk) => [...lines.push(chunk)]), ...lines.end()];
};

describe("what a package manager says beside its answer", () => {
  it("is the same lines, however it comes in pieces, each no longer than it may be", ({ expect }) => {
    fc.assert(
      fc.property(fc.stringMatching(/^[abc\n]{0,200}$/), fc.array(fc.nat(200)), fc.integer({ min: 1, max: 20 }), (text, at, maxBytes) => {
        const whole = text.split("\n");
        if (whole.at(-1) === "") whole.pop();
        expect(linesOf(cut(Buffer.from(text), at), maxBytes)).toEqual(whole.map((line) => line.slice(0, maxBytes)));
      }),
    );
  });

  it("is never held when it has no end", ({ expect }) => {
    const lines = new BoundedLines(2000);
    const chunk = Buffer.alloc(1 << 20, "x");
    for (let sent = 0; sent < 64; sent += 1) {
      expect([...lines.push(chunk)]).toEqual([]);
      expect(lines.heldBytes).toBe(2000);
    }
    expect([...lines.push(Buffer.from("\nnext\r\n"))]).toEqual(["x".repeat(2000), "next"]);
    expect(lines.heldBytes).toBe(0);
  });
});
