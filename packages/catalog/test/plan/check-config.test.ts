import fc from "fast-check";
import { describe, it } from "vitest";
import { checkConfig } from "../../src/plan/check-config.ts";
import { planServer } from "../../src/plan/plan-server.ts";
import { anEntry } from "../an-entry.ts";
import { problemOf } from "../problem-of.ts";

const schema = (fields: Record<string, never> | object) => anEntry({ config: [{ name: "box", type: "object", ...fields }] as never });

describe("a configuration", () => {
  it("is told all that is wrong with it, and the schema", ({ expect }) => {
    const entry = schema({ properties: { paths: { type: "array", items: { type: "string" }, minItems: 1 }, port: { type: "integer", maximum: 65_535 } }, required: ["paths", "port", "url"] });
    const problem = problemOf(() => planServer(entry, { paths: [1], port: "x" }));
    expect(problem.code).toBe("CONFIG_INVALID");
    expect(problem.details["schemas"]).toEqual(entry.config);
    expect((problem.details["problems"] as { key: string }[]).map(({ key }) => key).toSorted()).toEqual(["", "paths.0", "port"]);
    expect(checkConfig(entry, { paths: ["/a"], port: 1, url: "x" })).toEqual([]);
  });

  it("is matched by patterns, wherever they stand", ({ expect }) => {
    const entry = schema({ properties: { a: { type: "string", pattern: "^https?://" }, b: { anyOf: [{ pattern: "^x$" }, { pattern: "^y$" }] }, c: { pattern: "^c", not: { const: "cc" } } } });
    expect(checkConfig(entry, { a: "https://x", b: "y", c: "c" })).toEqual([]);
    expect(checkConfig(entry, { a: "ftp://x" })).toEqual([{ key: "a", message: "does not match the pattern ^https?://" }]);
    expect(checkConfig(entry, { b: "z" })).not.toEqual([]);
    expect(checkConfig(entry, { c: "cc" })).not.toEqual([]);
    expect(checkConfig(entry, { c: "d" })).not.toEqual([]);
  });

  it("is not held up by a pattern made to hold up", { timeout: 5000 }, ({ expect }) => {
    const entry = schema({ properties: { a: { pattern: "^(a+)+$" }, b: { pattern: "^(([a-z])+.)+[A-Z]([a-z])+$" } } });
    expect(checkConfig(entry, { a: `${"a".repeat(20_000)}!`, b: "a".repeat(20_000) })).toHaveLength(2);
  });

  it("is not held up by patterns, values or schemas in great numbers", { timeout: 5000 }, ({ expect }) => {
    const slow = { pattern: "[a-z]{1,1000}[0-9]{1,1000}" };
    expect(checkConfig(schema({ properties: { a: slow }, anyOf: Array.from({ length: 40 }, () => ({ properties: { a: slow } })) }), { a: "a".repeat(60_000) })).not.toEqual([]);
    const unique = { properties: { a: { anyOf: Array.from({ length: 5000 }, () => ({ uniqueItems: true, enum: Array.from({ length: 100 }, (_, index) => index) })) } } };
    expect(checkConfig(schema(unique), { a: Array.from({ length: 499 }, (_, index) => index) })).not.toEqual([]);
    expect(checkConfig(anEntry(), { a: Array.from({ length: 20_000 }, () => 1) })).toEqual([{ key: "", message: "the configuration has more than 500 values" }]);
    expect(checkConfig(anEntry(), { a: JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`) })).toEqual([{ key: "", message: "the configuration has more than 500 values" }]);
  });

  it("meets no pattern that cannot be read: nothing vouches for it", ({ expect }) => {
    for (const pattern of ["(", "(?=a)a", "(a)\\1"]) expect(checkConfig(schema({ properties: { a: { pattern } } }), { a: "a" })).toHaveLength(1);
  });

  it("is not vouched for by a schema that is deeper than is looked at", ({ expect }) => {
    let deep: object = { type: "string" };
    let value: unknown = "x";
    for (let level = 0; level < 15; level += 1) {
      deep = { type: "object", properties: { a: deep } };
      value = { a: value };
    }
    expect(checkConfig(schema(deep), value as never)).not.toEqual([]);
  });

  it("gets no value from the prototypes of objects", ({ expect }) => {
    expect(checkConfig(schema({ required: ["constructor", "toString"] }), {})).toHaveLength(2);
    expect(checkConfig(schema({ properties: { constructor: { type: "string" }, toString: { type: "number" } } }), {})).toEqual([]);
    expect(checkConfig(schema({ properties: JSON.parse('{"__proto__": {"type": "number"}}') }), JSON.parse('{"__proto__": "x"}'))).toEqual([]);
  });

  it("is measured before it is looked at", ({ expect }) => {
    expect(checkConfig(anEntry(), { a: "x".repeat(70_000) })).toEqual([{ key: "", message: "the configuration is longer than 64 KiB" }]);
  });

  it("follows no reference of a schema", ({ expect }) => {
    const entry = schema({ $id: "http://169.254.169.254/", $ref: "#", allOf: [{ $ref: "#" }], properties: { a: { $ref: "file:///etc/passwd" } }, $defs: { x: true } });
    expect(checkConfig(entry, { a: 1 })).toEqual([]);
  });

  it("is checked by whatever schema without a fault of ours", ({ expect }) => {
    const keyword = fc.constantFrom(
      "type",
      "properties",
      "required",
      "enum",
      "const",
      "items",
      "anyOf",
      "not",
      "if",
      "then",
      "pattern",
      "minLength",
      "multipleOf",
      "uniqueItems",
      "$ref",
      "$id",
      "id",
      "format",
      "contains",
      "dependencies",
    );
    const { node } = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.jsonValue({ maxDepth: 1 }),
        fc.dictionary(keyword, tie("node"), { maxKeys: 4 }),
        fc.dictionary(fc.constantFrom("a", "b", "constructor"), tie("node"), { maxKeys: 3 }),
        fc.array(tie("node"), { maxLength: 3 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(keyword, node), fc.dictionary(fc.constantFrom("a", "b", "c"), fc.jsonValue()), (fields, config) => {
        expect(Array.isArray(checkConfig({ config: [fields as never] }, config as never))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
