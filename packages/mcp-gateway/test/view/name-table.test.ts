import fc from "fast-check";
import { describe, it } from "vitest";
import { NameTable } from "../../src/view/name-table.ts";
import { isReserved } from "../../src/view/reserved-names.ts";

const server = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,40}$/);
const tool = fc.oneof(fc.string({ minLength: 1, maxLength: 200 }), fc.constantFrom("search", "mcp-add", "code-mode-x", "a.b", "a_b", "x".repeat(64), "x".repeat(65)));
const things = fc.array(fc.record({ server, name: tool, prefix: fc.option(server, { nil: undefined }) }), { maxLength: 40 });

describe("NameTable", () => {
  it("gives names that every client takes, none twice, none of the gateway's own", ({ expect }) => {
    fc.assert(
      fc.property(things, (all) => {
        const table = new NameTable();
        const owners = new Map<string, string>();
        for (const { server, name, prefix } of all) {
          const shown = table.nameOf({ server, name }, prefix) ?? "";
          expect(shown).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
          expect(isReserved(shown)).toBe(false);
          const key = `${server}\0${name}`;
          expect(owners.get(shown) ?? key).toBe(key);
          owners.set(shown, key);
          expect(table.ownerOf(shown)).toEqual({ server, name });
        }
      }),
    );
  });

  it("changes no name when something comes later", ({ expect }) => {
    fc.assert(
      fc.property(things, things, (first, later) => {
        const table = new NameTable();
        const before = first.map(({ server, name, prefix }) => table.nameOf({ server, name }, prefix));
        for (const { server, name, prefix } of later) table.nameOf({ server, name }, prefix);
        expect(first.map(({ server, name, prefix }) => table.nameOf({ server, name }, prefix))).toEqual(before);
      }),
    );
  });

  it.for<readonly [string, string | undefined, string]>([
    ["search", undefined, "search"],
    ["search", "gh", "gh__search"],
    ["a.b", undefined, "hub__a_b"],
    ["mcp-find", undefined, "hub__mcp-find"],
    ["code-mode-x", undefined, "hub__code-mode-x"],
  ])("names %j with prefix %j %j", ([name, prefix, shown], { expect }) => {
    expect(new NameTable().nameOf({ server: "hub", name }, prefix)).toBe(shown);
  });

  it("lets the first keep its name when a second has the same", ({ expect }) => {
    const table = new NameTable();
    expect(table.nameOf({ server: "one", name: "search" })).toBe("search");
    expect(table.nameOf({ server: "two", name: "search" })).toBe("two__search");
    expect(table.nameOf({ server: "one", name: "search" })).toBe("search");
  });

  it("ends what is too long in a hash, and keeps two of them apart", ({ expect }) => {
    const table = new NameTable();
    const one = table.nameOf({ server: "hub", name: `${"x".repeat(100)}1` });
    const other = table.nameOf({ server: "hub", name: `${"x".repeat(100)}2` });
    expect(one).toMatch(/^hub__x{50}_[0-9a-f]{8}$/);
    expect(other).not.toBe(one);
  });

  it("lets no server use up all names", ({ expect }) => {
    const table = new NameTable();
    const names = Array.from({ length: 10_001 }, (_, at) => table.nameOf({ server: "greedy", name: `t${at}` }));
    expect(names.at(-1)).toBeUndefined();
    expect(table.nameOf({ server: "modest", name: "t" })).toBe("t");
  });
});
