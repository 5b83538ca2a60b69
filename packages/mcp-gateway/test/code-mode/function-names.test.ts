import fc from "fast-check";
import { describe, it } from "vitest";
import { nameFunctions, SCRIPT_GLOBALS } from "../../src/code-mode/function-names.ts";

const named = (...names: string[]) => nameFunctions(names.map((name) => ({ name })));

describe("functions of a script", () => {
  it("are named like their tools, or as nearly as an identifier can be", ({ expect }) => {
    expect(named("search", "mcp-find", "a.b", "2nd", "get", "été")).toEqual([
      { name: "search", identifier: "search" },
      { name: "mcp-find", identifier: "mcp_find" },
      { name: "a.b", identifier: "a_b" },
      { name: "2nd", identifier: "_2nd" },
      { name: "get", identifier: "get" },
      { name: "été", identifier: "_t_" },
    ]);
  });

  it("have no identifier that the language or another tool has", ({ expect }) => {
    expect(named("class", "console", "__proto__", "a-b", "a.b", "a_b", "")).toEqual([
      { name: "class" },
      { name: "console" },
      { name: "__proto__" },
      { name: "a-b" },
      { name: "a.b" },
      { name: "a_b", identifier: "a_b" },
      { name: "" },
    ]);
    expect(named("same", "same")).toEqual([{ name: "same", identifier: "same" }]);
  });

  it("never share an identifier, nor take one that is in use", ({ expect }) => {
    const name = fc.oneof(fc.string({ unit: "binary", maxLength: 6 }), fc.constantFrom("a-b", "a_b", "a.b", "eval", "await", "constructor"), fc.stringMatching(/^[a-c_.-]{1,3}$/));
    fc.assert(
      fc.property(fc.array(name), (names) => {
        const functions = named(...names);
        const identifiers = functions.flatMap(({ identifier }) => identifier ?? []);
        expect(new Set(identifiers).size).toBe(identifiers.length);
        expect(new Set(functions.map((one) => one.name))).toEqual(new Set(names));
        for (const identifier of identifiers) {
          expect(identifier).toMatch(/^[A-Za-z_$][A-Za-z0-9_$]*$/);
          expect(SCRIPT_GLOBALS.has(identifier)).toBe(false);
        }
      }),
    );
  });
});
