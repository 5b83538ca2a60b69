import fc from "fast-check";
import { describe, it } from "vitest";
import { HeldPieces } from "../src/index.ts";

const pieces = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 0, max: 20_000 }).map((size) => new Uint8Array(size).fill(size % 251)),
  ),
  { maxLength: 30 },
);

describe("bytes that are held until they are whole", () => {
  it("are those that came, and then none", ({ expect }) => {
    fc.assert(
      fc.property(pieces, pieces, (first, second) => {
        const held = new HeldPieces();
        for (const sent of [first, second]) {
          for (const piece of sent) held.push(piece);
          const whole = Buffer.concat(sent);
          expect(held.length).toBe(whole.length);
          expect(held.look().equals(whole)).toBe(true);
          expect(held.take().equals(whole)).toBe(true);
          expect(held.length).toBe(0);
        }
      }),
    );
  });

  it("stay what they were, whatever is held after them", ({ expect }) => {
    const held = new HeldPieces();
    held.push(Buffer.from("first"));
    const first = held.take();
    held.push(Buffer.from("other"));
    held.clear();
    held.push(Buffer.from("third"));
    expect([first.toString(), held.take().toString()]).toEqual(["first", "third"]);
  });
});
