import type { ServerRule } from "@sbx/contracts";
import fc from "fast-check";
import { describe, it } from "vitest";
import { BUILT_IN_CATALOG, judgeServer, mayWriteWorkspace } from "../../src/govern/judge-server.ts";
import { mergeCatalogs } from "../../src/govern/merge-catalogs.ts";
import { anEntry } from "../an-entry.ts";

const BOX = anEntry({ name: "box-Tool" });
const judge = (rules: ServerRule[], catalog = "team") => judgeServer(rules, BOX, { catalog }).effect;

describe("who may add a server", () => {
  it("is anybody for what comes with sbx, and its person for all else", ({ expect }) => {
    expect(judge([], "builtin")).toBe("allow");
    for (const catalog of ["team", "Builtin", "builtin ", "", "docker"]) expect(judge([], catalog), catalog).toBe("ask");
  });

  it("is decided by rules about catalog, name and kind", ({ expect }) => {
    expect(judge([{ effect: "allow", catalog: "team" }])).toBe("allow");
    expect(judge([{ effect: "allow", name: "box-*" }])).toBe("allow");
    expect(judge([{ effect: "allow", kind: "image" }])).toBe("allow");
    expect(judge([{ effect: "allow", kind: "npm" }])).toBe("ask");
    expect(judge([{ effect: "allow", catalog: "team", name: "other" }])).toBe("ask");
    expect(judge([{ effect: "ask" }], "builtin")).toBe("ask");
  });

  it("is nobody where any rule denies, in whatever order and spelling", ({ expect }) => {
    const allow = { effect: "allow" } as const;
    for (const deny of [{ name: "box-tool" }, { name: "BOX-*" }, { name: "*tool" }, { name: "b*x*t*l" }, { catalog: "TEAM" }, { kind: "image" }, {}] as const) {
      expect(judge([{ effect: "deny", ...deny }, allow])).toBe("deny");
      expect(judge([allow, { effect: "ask" }, { effect: "deny", ...deny }])).toBe("deny");
    }
  });

  it("hears why", ({ expect }) => {
    expect(judgeServer([{ effect: "deny", name: "box-*", note: "not audited" }], BOX, { catalog: "team" }).reason).toBe('a rule denies "box-Tool" (name box-*): not audited');
  });

  it("matches stars as an expression would, without its price", { timeout: 5000 }, ({ expect }) => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "-"), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "-", "*"), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(pattern, text, (name, server) => {
        const expected = new RegExp(`^${name.replaceAll("*", ".*")}$`).test(server);
        expect(judgeServer([{ effect: "deny", name }], { ...BOX, name: server }, { catalog: "builtin" }).effect).toBe(expected ? "deny" : "allow");
      }),
      { numRuns: 1000 },
    );
    expect(judgeServer([{ effect: "deny", name: `${"*a".repeat(40)}b` }], { ...BOX, name: "a".repeat(100) }, { catalog: "builtin" }).effect).toBe("allow");
  });
});

describe("catalogs together", () => {
  it("hide the earlier of two servers with one name, with a warning", ({ expect }) => {
    const { servers, warnings } = mergeCatalogs([
      { id: "builtin", servers: [anEntry({ name: "a" }), anEntry({ name: "b" })] },
      { id: "team", servers: [anEntry({ name: "a", title: "Mine" }), anEntry({ name: "constructor" })] },
    ]);
    expect([...servers].map(([name, { catalog, entry }]) => [name, catalog, entry.title])).toEqual([
      ["a", "team", "Mine"],
      ["b", "builtin", undefined],
      ["constructor", "team", undefined],
    ]);
    expect(warnings).toEqual(['"a" of the catalog "team" hides that of "builtin"']);
    const hidden = servers.get("a");
    expect(hidden === undefined ? undefined : judgeServer([], hidden.entry, hidden).effect).toBe("ask");
  });
});

describe("whether a server may write to the workspace", () => {
  const may = (rules: ServerRule[], catalog = "team") => mayWriteWorkspace(rules, BOX, { catalog });

  it("is said by a rule that allows it to, for the catalog that the rule means", ({ expect }) => {
    expect(may([{ effect: "allow", name: "box-Tool", catalog: "team", write: true }])).toBe(true);
    expect(may([{ effect: "allow", name: "box-Tool", catalog: "team", write: true }], "other")).toBe(false);
    expect(may([{ effect: "allow", name: "other", write: true }])).toBe(false);
  });

  it("is not said by anything else, and never where a rule denies the server", ({ expect }) => {
    expect([
      may([]),
      may([], BUILT_IN_CATALOG),
      may([{ effect: "allow", name: "box-Tool" }]),
      may([{ effect: "allow", name: "box-Tool", write: false }]),
      may([{ effect: "ask", name: "box-Tool", write: true }]),
    ]).toEqual([false, false, false, false, false]);
    expect(
      may([
        { effect: "allow", name: "box-Tool", write: true },
        { effect: "deny", kind: "image" },
        { effect: "deny", name: "box-*" },
      ]),
    ).toBe(false);
  });
});
