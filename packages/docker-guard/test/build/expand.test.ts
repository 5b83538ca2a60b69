import fc from "fast-check";
import { describe, it } from "vitest";
import { expandDocument, expandWord, refuseLarge, splitWords } from "../../src/build/expand.ts";
import { Refusal } from "../../src/refusal.ts";

const variables = new Map([
  ["a", "one"],
  ["empty", ""],
]);

describe("expandWord", () => {
  it.for([
    ["plain", "plain"],
    ["$a-${a}", "one-one"],
    ["'$a'", "$a"],
    ['"$a b"', "one b"],
    ["\\$a", "$a"],
    ['"\\$a"', "$a"],
    ["$nosuch.", "."],
    ["${nosuch:-x}", "x"],
    ["${empty:-x}${empty-x}", "x"],
    ["${a:+y}${nosuch:+y}", "y"],
    ["${nosuch:-${a}}", "one"],
    ["a$", "a$"],
    ['a"b c"d', "ab cd"],
  ])("reads %s as the engine's builder does", ([word = "", text], { expect }) => {
    expect(expandWord(word, variables)).toBe(text);
  });

  it.for(["'open", '"open', "${a", "${", "${a:=x}", "${a/x/y}", "${nosuch:?say}", "${a:-${b:-${c:-".repeat(9)])("refuses %s", (word, { expect }) => {
    expect(() => expandWord(word, variables)).toThrow(Refusal);
  });

  it("reads any text, or refuses it, and never longer than what it is made of", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("$", "{", "}", "a", "-", ":", "+", "'", '"', "\\", " ", "?"), maxLength: 30 }), (word) => {
        try {
          expect(expandWord(word, variables).length).toBeLessThanOrEqual(word.length * 3);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("splitWords", () => {
  it("takes words apart outside of quotes", ({ expect }) => {
    expect(splitWords(`a="b c" d\\ e  'f g'h\ti`)).toEqual(['a="b c"', "d\\ e", "'f g'h", "i"]);
  });

  it("gives words that are the line again, or refuses it", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "=", "'", '"', "\\", " ", "\t"), maxLength: 20 }), (line) => {
        try {
          expect(splitWords(line).join("").replaceAll(/[ \t]/g, "")).toBe(line.replaceAll(/[ \t]/g, ""));
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
    );
  });
});

describe("variables that are made of variables", () => {
  const large = new Map([["a", "x".repeat(1000)]]);

  it("make no word that no program could be given", ({ expect }) => {
    expect(expandWord("$a".repeat(100), large)).toHaveLength(100_000);
    for (const word of ["$a".repeat(200), `"${"$a".repeat(200)}"`, `\${nosuch:-${"$a".repeat(200)}}`]) expect(() => expandWord(word, large)).toThrow(/more than 128 KiB/);
  });

  it("make no document for which there is no room", ({ expect }) => {
    expect(expandDocument("$a\n".repeat(100), large)).toHaveLength(100_100);
    expect(() => expandDocument("$a\n".repeat(5000), large)).toThrow(/more than 4 MiB/);
  });

  it("are no more than a program could be given, together", ({ expect }) => {
    const many = (count: number): Map<string, string> => new Map(Array.from({ length: count }, (_, at) => [`n${at}`, "x".repeat(1000)]));
    refuseLarge(many(1000));
    expect(() => refuseLarge(many(3000))).toThrow(/more than 2 MiB/);
    expect(() => splitWords("a ".repeat(2049))).toThrow(/at most 2048 words/);
  });
});
