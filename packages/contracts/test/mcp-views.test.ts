import { describe, it } from "vitest";
import { CatalogName } from "../src/mcp-views.ts";

describe("a catalog's name", () => {
  it.for(["a", "team", "registry.example.org:5000/team/catalog:1", "a/b/c", "A-b_c.d"])("may be %s", (name, { expect }) => {
    expect(CatalogName.safeParse(name).success).toBe(true);
  });

  it.for(["", "/a", "a/", "a//b", "a/.b", ".", "..", "a/../b", "a b", "a\n", "ä", "a".repeat(201)])("is not %j", (name, { expect }) => {
    expect(CatalogName.safeParse(name).success).toBe(false);
  });

  it("is judged at once, however long what is none", ({ expect }) => {
    const before = performance.now();
    for (const name of [`${"a".repeat(199)}!`, `${"a/".repeat(99)}!`, "a".repeat(1_000_000)]) expect(CatalogName.safeParse(name).success).toBe(false);
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});
