import fc from "fast-check";
import { describe, it } from "vitest";
import { copyArguments, copySide } from "../../src/copy/copy-arguments.ts";

describe("the two sides of sbx cp", () => {
  it("tells a sandbox's path from one of this machine", ({ expect }) => {
    expect(copySide("claude-app:/tmp/x")).toEqual({ kind: "sandbox", sandbox: "claude-app", path: "/tmp/x" });
    expect(copySide("claude-app:")).toEqual({ kind: "sandbox", sandbox: "claude-app", path: "." });
    expect(copySide("-")).toEqual({ kind: "stream" });
    for (const path of ["./a:b", "/a:b", "../a:b", "~/a:b", "a", ":x"]) expect(copySide(path)).toEqual({ kind: "host", path });
  });

  it("takes any path after a name, with colons and lines", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (path) => {
        expect(copySide(`box:${path}`)).toEqual({ kind: "sandbox", sandbox: "box", path });
      }),
    );
  });

  it("wants exactly one sandbox", ({ expect }) => {
    expect(copyArguments("a", "box:b").direction).toBe("in");
    expect(copyArguments("box:b", "-").direction).toBe("out");
    for (const [from, to] of [
      ["a", "b"],
      ["one:a", "two:b"],
      ["-", "-"],
    ] as const)
      expect(() => copyArguments(from, to)).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});
