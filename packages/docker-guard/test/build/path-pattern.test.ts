import fc from "fast-check";
import { describe, it } from "vitest";
import { fitsWildcards, patternOf } from "../../src/build/path-pattern.ts";
import { Refusal } from "../../src/refusal.ts";

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

  it("stands for the same paths as a regular expression does", ({ expect }) => {
    const part = fc.constantFrom("a", "b", "*", "?", "ab", "*a", "a*b", "[ab]", "[^a]", "**");
    const name = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), fc.array(name, { minLength: 1, maxLength: 4 }), (parts, names) => {
        const steps = parts.map((one, at) =>
          one !== "**" ? `${one.replaceAll("*", "[^/]*").replaceAll("?", "[^/]")}${at === parts.length - 1 ? "" : "/"}` : at === parts.length - 1 ? ".*" : "(?:[^/]+/)*",
        );
        const expression = new RegExp(`^${steps.join("")}$`);
        const paths = names.map((_, at) => names.slice(0, at + 1).join("/"));
        const pattern = patternOf(parts.join("/"));
        expect(paths.map((path) => pattern.test(path))).toEqual(paths.map((path) => expression.test(path)));
        expect(pattern.covers(paths.at(-1) ?? "")).toBe(paths.some((path) => expression.test(path)));
      }),
      { numRuns: 3000 },
    );
  });

  it.for(["*a".repeat(40), "**/".repeat(1300), "**/a/".repeat(300), "[a-z]*".repeat(300), "**/*a*a*a*a*a*a/".repeat(100)])(
    "is looked for in no more time than it is long, whatever it says: %s",
    (pattern, { expect }) => {
      for (const path of ["a".repeat(255), Array.from({ length: 400 }, () => "aaaaaaaaa").join("/")]) expect(patternOf(`${pattern}*b`).test(path)).toBe(false);
    },
  );
});

describe("fitsWildcards", () => {
  it.for([
    ["*", "alpine:3", true],
    ["alp?ne:*", "alpine:3", true],
    ["*", "a/b", false],
    ["a/*", "a/b:1", true],
    ["a.b", "aXb", false],
    ["[ab]", "a", false],
    [`${"*a".repeat(40)}*b`, "a".repeat(255), false],
  ] as const)("%s means %s: %s", ([pattern, text, expected], { expect }) => {
    expect(fitsWildcards(pattern, text)).toBe(expected);
  });
});
