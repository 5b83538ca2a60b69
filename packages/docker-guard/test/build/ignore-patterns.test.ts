import { describe, it } from "vitest";
import { readIgnores } from "../../src/build/ignore-patterns.ts";

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

  it("has so many lines and no more, for each is held against each file", ({ expect }) => {
    expect(readIgnores("a\n".repeat(1000))("a")).toBe(true);
    expect(() => readIgnores("a\n".repeat(1001))).toThrow(/at most 1000/);
  });
});
