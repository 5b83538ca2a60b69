import fc from "fast-check";
import { describe, it } from "vitest";
import { editsAllowed, nearestWord } from "../../src/search/nearest-word.ts";

const KNOWN = ["message", "massage", "mess", "channel", "database", "git"];

describe("the nearest word", () => {
  it.for([
    ["mesage", "message"],
    ["messgae", "message"],
    ["chanel", "channel"],
    ["databsae", "database"],
    ["databases", "database"],
    ["dtabs", undefined],
    ["essage", undefined],
    ["gti", undefined],
  ] as const)("to %s is %s", ([word, nearest], { expect }) => {
    expect(nearestWord(word, KNOWN)).toBe(nearest);
  });

  it("is the word itself where it is known, and none that is further away than allowed", ({ expect }) => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(word, fc.array(word), (asked, known) => {
        const nearest = nearestWord(asked, known);
        if (known.includes(asked)) expect(nearest).toBe(asked);
        if (nearest !== undefined) expect(Math.abs(nearest.length - asked.length)).toBeLessThanOrEqual(editsAllowed(asked));
      }),
    );
  });
});
