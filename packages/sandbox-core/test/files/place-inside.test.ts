import fc from "fast-check";
import { describe, it } from "vitest";
import { readStat } from "../../src/files/archive-commands.ts";
import { placeInside } from "../../src/files/place-inside.ts";

const PLACES = { workspace: "/home/ada/app", home: "/home/agent" };

describe("a path of a sandbox", () => {
  it.for([
    ["/etc/passwd", "/etc/passwd"],
    ["src/x", "/home/ada/app/src/x"],
    [".", "/home/ada/app"],
    ["~", "/home/agent"],
    ["~/a/../b", "/home/agent/b"],
    ["/../..", "/"],
    ["//a//b/", "/a/b"],
  ] as const)("%s is %s", ([text, path], { expect }) => {
    expect(placeInside(text, PLACES).path).toBe(path);
  });

  it("is always absolute and plain, its last part apart", ({ expect }) => {
    const text = fc.array(fc.constantFrom("a", "..", ".", "~", "-x", ""), { minLength: 1, maxLength: 6 }).map((parts) => parts.join("/"));
    fc.assert(
      fc.property(text, (one) => {
        const { path, parent, name } = placeInside(one, PLACES);
        expect(path.startsWith("/")).toBe(true);
        for (const part of path.slice(1).split("/")) expect(["", ".", ".."].includes(part) && path !== "/").toBe(false);
        expect(name === "" ? "/" : `${parent === "/" ? "" : parent}/${name}`).toBe(path);
      }),
    );
  });

  it("means what is in it when it ends in a dot", ({ expect }) => {
    expect(["/a/.", ".", "/a", "/a.", "/a/.."].map((text) => placeInside(text, PLACES).contents)).toEqual([true, true, false, false, false]);
  });
});

describe("what stat prints", () => {
  it("is read whole or not at all", ({ expect }) => {
    expect(readStat("/x", "81a4 12 1700000000\n")).toEqual({ path: "/x", kind: "file", sizeBytes: 12, mode: 0o644, modifiedAt: "2023-11-14T22:13:20.000Z" });
    expect(readStat("/x", "41ed 4096 0\n")?.kind).toBe("directory");
    expect(readStat("/x", "a1ff 4 0\n")?.kind).toBe("link");
    expect(readStat("/x", "11a4 0 0\n")?.kind).toBe("other");
    fc.assert(fc.property(fc.string(), (text) => readStat("/x", `${text} `) === undefined));
  });
});
