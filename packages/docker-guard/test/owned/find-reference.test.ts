import { describe, it } from "vitest";
import { findReference } from "../../src/owned/find-reference.ts";

const owned = [
  { id: `ab${"0".repeat(62)}`, name: "db" },
  { id: `ac${"0".repeat(62)}`, name: "ab" },
];

describe("findReference", () => {
  it.for<readonly [string, string | undefined]>([
    [`ab${"0".repeat(62)}`, "db"],
    ["db", "db"],
    ["ab0", "db"],
    ["ab", "ab"],
    ["DB", undefined],
    ["xyz", undefined],
    ["", undefined],
    ["d", undefined],
  ])("finds by %s: %s", ([reference, name], { expect }) => {
    expect(findReference(owned, reference)?.name).toBe(name);
  });

  it("refuses a prefix that fits two", ({ expect }) => {
    expect(() => findReference(owned, "a")).toThrow(/multiple IDs/);
  });
});
