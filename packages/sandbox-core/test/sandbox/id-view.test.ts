import * as fc from "fast-check";
import { describe, it } from "vitest";
import { insideOf, outsideOf, parseIdMap, SAME_IDS } from "../../src/sandbox/id-view.ts";

describe("a map of ids", () => {
  it("is read as the kernel writes it", ({ expect }) => {
    expect(parseIdMap("         0          0 4294967295\n")).toEqual(SAME_IDS.uid);
    expect(parseIdMap("         0       1000          1\n         1     100000      65536\n")).toEqual([
      { inside: 0, outside: 1000, count: 1 },
      { inside: 1, outside: 100_000, count: 65_536 },
    ]);
  });

  it.for(["", "\n", "0 0", "0 0 0", "0 0 1 1", "a b c", "-1 0 1", "0 0 4294967296", "4294967295 0 1", "0 0 10\n5 100 10", "0 100 10\n50 105 10", "0x0 0 1", "0 0 1;id", "0 0 1\n".repeat(341)])(
    "is not read from %j",
    (text, { expect }) => {
      expect(parseIdMap(text)).toBeUndefined();
    },
  );

  it("leads from an id inside to the host's and back, and never two to one", ({ expect }) => {
    const line = fc.tuple(fc.nat(5000), fc.nat(5000), fc.integer({ min: 1, max: 500 }));
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), fc.nat(6000), (lines, id) => {
        const map = parseIdMap(lines.map((parts) => parts.join(" ")).join("\n"));
        if (map === undefined) return;
        const outside = outsideOf(map, id);
        if (outside !== undefined) expect(insideOf(map, outside)).toBe(id);
        const inside = insideOf(map, id);
        if (inside !== undefined) expect(outsideOf(map, inside)).toBe(id);
      }),
    );
  });

  it("is never read from other text", ({ expect }) => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const map = parseIdMap(text);
        if (map !== undefined) expect(text).toMatch(/^[\d \n]+$/);
      }),
    );
  });
});
