import fc from "fast-check";
import { describe, it } from "vitest";
import { ByteBudget } from "../src/byte-budget.ts";

describe("ByteBudget", () => {
  it("never gives more than a part may have, nor than the whole has, and takes nothing when it refuses", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(fc.record({ part: fc.nat({ max: 2 }), bytes: fc.nat({ max: 60 }), back: fc.boolean() })), (steps) => {
        const whole = new ByteBudget(150);
        const parts = [0, 1, 2].map(() => ({ budget: new ByteBudget(100, whole), held: [] as number[] }));
        const sum = (list: readonly number[]) => list.reduce((total, one) => total + one, 0);
        for (const { part, bytes, back } of steps) {
          const one = parts[part];
          if (one === undefined) continue;
          if (back) one.budget.give(one.held.pop() ?? 0);
          else {
            const all = sum(parts.map(({ held }) => sum(held)));
            const expected = sum(one.held) + bytes <= 100 && all + bytes <= 150;
            expect(one.budget.take(bytes)).toBe(expected);
            if (expected) one.held.push(bytes);
          }
        }
      }),
    );
  });
});
