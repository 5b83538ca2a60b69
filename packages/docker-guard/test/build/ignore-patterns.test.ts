import fc from "fast-check";
import { describe, it } from "vitest";
import { patternOf, readIgnores } from "../../src/build/ignore-patterns.ts";
import { Refusal } from "../../src/refusal.ts";

describe("readIgnores", () => {
  it("lets the last line that fits a path or one of its directories decide", ({ expect }) => {
    const ignores = readIgnores("# comment\n*.log\nnode_modules\n**/tmp\na/**/z\n!keep.log\n!node_modules/keep\n\n");
    const ignored = (paths: readonly string[]) => paths.filter(ignores);
    expect(ignored(["x.log", "keep.log", "sub/x.log", "node_modules", "node_modules/a/b", "node_modules/keep", "tmp", "a/b/tmp/x", "a/z", "a/b/c/z", "src"])).toEqual([
      "x.log",
      "node_modules",
      "node_modules/a/b",
      "tmp",
      "a/b/tmp/x",
      "a/z",
      "a/b/c/z",
    ]);
  });
});

describe("patternOf", () => {
  it.for([
    ["*.txt", "a.txt", "sub/a.txt"],
    ["a?c", "abc", "a/c"],
    ["[a-c]x", "bx", "dx"],
    ["[^a-c]x", "dx", "bx"],
    ["a.b", "a.b", "aXb"],
    ["a+(b)", "a+(b)", "aab"],
    ["**/x", "a/b/x", "xa"],
    ["\\*x", "*x", "ax"],
    ["/a/./b", "a/b", "a/./b"],
  ])("%s means %s, and not %s", ([pattern = "", yes = "", no = ""], { expect }) => {
    expect(patternOf(pattern).test(yes)).toBe(true);
    expect(patternOf(pattern).test(no)).toBe(false);
  });

  it("of any text is a pattern or refused, and without signs it means itself alone", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "b", "*", "?", "[", "]", "^", "-", "\\", "/", ".", "(", "|", "+", "é"), maxLength: 14 }), (text) => {
        try {
          const pattern = patternOf(text);
          if (!/[*?[\\/]|^\.$|^$/.test(text)) expect([pattern.test(text), pattern.test(`${text}a`), pattern.test(`a/${text}`)]).toEqual([true, false, false]);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
