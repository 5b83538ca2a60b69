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

  it("are told of once they were copied, and never while they are what is given", ({ expect }) => {
    const held = new HeldPieces();
    const spent: Buffer[] = [];
    const [first, second] = [Buffer.alloc(5000, 1), Buffer.alloc(5000, 2)];
    held.push(first);
    expect(held.take((piece) => spent.push(piece)).buffer).toBe(first.buffer);
    expect(spent).toEqual([]);
    held.push(first);
    held.push(second);
    expect(held.take((piece) => spent.push(piece)).length).toBe(10_000);
    expect(spent.map(({ buffer }) => buffer)).toEqual([first.buffer, second.buffer]);
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
