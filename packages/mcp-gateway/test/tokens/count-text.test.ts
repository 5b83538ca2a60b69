import fc from "fast-check";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { describe, it } from "vitest";
import { countText } from "../../src/tokens/count-text.ts";

const count = (text: string): number => countTokens(text, { disallowedSpecial: new Set() });

describe("the tokens of a text", () => {
  it("are those of the encoding, where words are words", ({ expect }) => {
    for (const text of ["", "hello world", '{"name":"search_pages","description":"Search the pages.\\n\\nAll of them."}', "Überraschung 漢字 😀", "<|endoftext|>"])
      expect(countText(text, count)).toBe(count(text));
  });

  it.for([
    ["x".repeat(200_000)],
    [" ".repeat(200_000)],
    ["漢".repeat(100_000)],
    ["😀".repeat(100_000)],
    ["\u0000".repeat(200_000)],
    ["=".repeat(200_000)],
    ["aB".repeat(100_000)],
    ["a1".repeat(100_000)],
  ])("are counted soon, also of a text made to take long", ([text = ""], { expect }) => {
    const began = performance.now();
    const tokens = countText(text, count);
    expect(tokens).toBeGreaterThan(100);
    expect(tokens).toBeLessThanOrEqual(text.length * 2);
    // Uncut, the first takes minutes.
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it("are estimated beyond a size", ({ expect }) => {
    const text = "some words and no end ".repeat(50_000);
    expect(countText(text, count) / text.length).toBeCloseTo(count("some words and no end ".repeat(100)) / 2200, 2);
  });

  it("are near the encoding's for any text", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        expect(Math.abs(countText(text, count) - count(text))).toBeLessThanOrEqual(Math.ceil(text.length / 20));
      }),
    );
  });
});
