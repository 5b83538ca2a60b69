import fc from "fast-check";
import { describe, it } from "vitest";
import { jsonDepth } from "../../src/code-mode/json-depth.ts";

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe("the depth of JSON", () => {
  it("is that of the value it stands for", ({ expect }) => {
    fc.assert(
      fc.property(fc.json({ depthSize: "large" }), (json) => {
        expect(jsonDepth(json)).toBe(depthOf(JSON.parse(json)));
      }),
    );
  });

  it("counts no brackets in strings", ({ expect }) => {
    expect(jsonDepth(JSON.stringify({ 'a"[\\': "[[[{{{\\" }))).toBe(1);
  });

  it("is found of any text", ({ expect }) => {
    expect(jsonDepth("[".repeat(1e6))).toBe(1e6);
    expect(jsonDepth('"\\')).toBe(0);
  });
});
