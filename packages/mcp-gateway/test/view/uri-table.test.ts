import fc from "fast-check";
import { describe, it } from "vitest";
import { couldMatch, UriTable } from "../../src/view/uri-table.ts";

describe("UriTable", () => {
  it("leaves a URI to the first server, and shows the second's in the long form", ({ expect }) => {
    const table = new UriTable();
    expect(table.claim("one", "file:///a")).toBe("file:///a");
    expect(table.claim("two", "file:///a")).toBe("sbx-mcp://two/file:///a");
    expect(table.ownerOf("file:///a")).toEqual({ server: "one", uri: "file:///a" });
    expect(table.ownerOf("sbx-mcp://two/file:///a")).toEqual({ server: "two", uri: "file:///a" });
    expect(table.ownerOf("file:///b")).toBeUndefined();
  });

  it("finds the way back from every form that it shows", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(fc.record({ server: fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,20}$/), uri: fc.webUrl() })), (all) => {
        const table = new UriTable();
        for (const { server, uri } of all) expect(table.ownerOf(table.claim(server, uri))).toEqual({ server, uri });
      }),
    );
  });
});

describe("couldMatch", () => {
  it.for<readonly [string, string, boolean]>([
    ["test://{id}/data", "test://1/data", true],
    ["test://{id}/data", "test://1/other", false],
    ["test://{id}/data", "test:///data", true],
    ["file:///{+path}", "file:///a/b", true],
    ["a{x}b{y}c", "a1b2c", true],
    ["a{x}b{y}c", "acb", false],
    ["ab{x}ba", "aba", false],
    ["plain", "plain", true],
    ["plain", "plainer", false],
  ])("of %j and %j is %j", ([template, uri, expected], { expect }) => {
    expect(couldMatch(template, uri)).toBe(expected);
  });

  it("holds for what a template expands to", ({ expect }) => {
    const part = fc.stringMatching(/^[a-z:/]{0,6}$/);
    fc.assert(
      fc.property(fc.array(fc.record({ fixed: part, value: part }), { maxLength: 8 }), part, (parts, end) => {
        const template = parts.map(({ fixed }, at) => `${fixed}{v${at}}`).join("") + end;
        expect(couldMatch(template, parts.map(({ fixed, value }) => fixed + value).join("") + end)).toBe(true);
      }),
    );
  });
});
