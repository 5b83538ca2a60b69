import fc from "fast-check";
import { describe, it } from "vitest";
import { JsonRefused, parseJson, parseJsonBytes } from "../src/parse-json.ts";

describe("parseJson", () => {
  it("reads what JSON.parse reads, when every name occurs once", ({ expect }) => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => {
        const source = JSON.stringify(value);
        if (source.includes("__proto__")) return;
        expect(parseJson(source)).toEqual(JSON.parse(source));
      }),
    );
  });

  it("reads it with blanks between all tokens, too", ({ expect }) => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const source = JSON.stringify(value, null, "\t\n ");
        if (!source.includes("__proto__")) expect(parseJson(source)).toEqual(JSON.parse(source));
      }),
    );
  });

  it.for<readonly [string, string]>([
    ["at the top", '{"a":1,"a":2}'],
    ["deep down", '[{"x":[{"y":{"a":1,"b":2,"a":3}}]}]'],
    ["after an object", '{"a":{"b":1},"a":2}'],
    ["with different escapes", '{"a":1,"\\u0061":2}'],
    ["with blanks", '{ "a" : 1 , "a" : 2 }'],
    ["that is empty", '{"":1,"":2}'],
    ["with an escaped quote", '{"\\"":1,"\\u0022":2}'],
  ])("refuses a name that occurs twice %s", ([, source], { expect }) => {
    expect(() => parseJson(source)).toThrow(JsonRefused);
  });

  it("takes one name in two objects, and texts that look like names", ({ expect }) => {
    expect(parseJson('[{"a":"a"},{"a":"\\"a\\":1,\\"a\\":2"}]')).toEqual([{ a: "a" }, { a: '"a":1,"a":2' }]);
  });

  it("refuses what would change a prototype", ({ expect }) => {
    expect(() => parseJson('{"__proto__":{"x":1}}')).toThrow(JsonRefused);
    expect(() => parseJson('{"\\u005f_proto__":1}')).toThrow(JsonRefused);
  });

  it("refuses what is nested too deep, however long", ({ expect }) => {
    expect(() => parseJson("[".repeat(101) + "]".repeat(101))).toThrow(/deeper/);
    expect(() => parseJson("[".repeat(2_000_000))).toThrow(/deeper/);
    expect(parseJson("[".repeat(100) + "]".repeat(100))).toBeDefined();
  });

  it.for(["", "{", '{"a":1,}', "[1,]", "NaN", "'a'", '"\u0001"', '{"a":1}x', "\ufeff{}", '"a', '{"a\\x":1}'])("refuses %j", (source, { expect }) => {
    expect(() => parseJson(source)).toThrow(JsonRefused);
  });

  it("refuses bytes that are no UTF-8, and a byte order mark", ({ expect }) => {
    expect(() => parseJsonBytes(Buffer.from([0x22, 0xff, 0x22]))).toThrow(JsonRefused);
    expect(() => parseJsonBytes(Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]))).toThrow(JsonRefused);
  });

  it("never throws anything else, whatever it is given", ({ expect }) => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.constantFrom('"', "\\", "{", "}", "[", "]", ",", ":", "a", "1", " ")).map((parts) => parts.join("")),
        ),
        (source) => {
          try {
            parseJson(source);
          } catch (error) {
            expect(error).toBeInstanceOf(JsonRefused);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
