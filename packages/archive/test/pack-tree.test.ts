import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "vitest";
import { extractTree, openHostPath, packTree } from "../src/index.ts";
import { Yard } from "./support.ts";

function openYard(): Yard {
  return new Yard((directory) => {
    mkdirSync(directory);
    return directory;
  });
}

/** Pack what lies at a path of `outside`, and unpack it in `inside`. */
async function pass(yard: Yard, name: string, as: string) {
  const { signal } = new AbortController();
  using source = openHostPath(path.join(yard.outside, name));
  using into = yard.held();
  const packed = packTree({ parent: source.parent, name: source.name ?? "", as, signal });
  await extractTree({ source: packed.tar, into, signal });
  return packed.leftOut;
}

describe("a tree of this machine that is packed", () => {
  it("comes out as it was, under another name, with what is no file left out", async ({ expect }) => {
    using yard = openYard();
    const tree = path.join(yard.outside, "tree");
    const long = "n".repeat(200);
    mkdirSync(path.join(tree, "sub"), { recursive: true });
    writeFileSync(path.join(tree, "sub", long), "x".repeat(3000));
    writeFileSync(path.join(tree, "ünïcode\n"), "");
    symlinkSync("sub", path.join(tree, "link"));
    execFileSync("mkfifo", [path.join(tree, "pipe")]);
    const leftOut = await pass(yard, "tree", "copy");
    expect(leftOut).toEqual([{ path: "copy/pipe", why: "it is no file, directory or link" }]);
    expect(yard.tree()).toEqual({ copy: "/", "copy/sub": "/", [`copy/sub/${long}`]: "x".repeat(3000), "copy/ünïcode\n": "", "copy/link": "-> sub" });
  });

  it("can be only what is in it", async ({ expect }) => {
    using yard = openYard();
    mkdirSync(path.join(yard.outside, "tree", "sub"), { recursive: true });
    writeFileSync(path.join(yard.outside, "tree", "a"), "1");
    await pass(yard, "tree", ".");
    expect(yard.tree()).toEqual({ a: "1", sub: "/" });
  });

  it("gives links as links: nothing that they lead to is read", async ({ expect }) => {
    using yard = openYard();
    writeFileSync(path.join(yard.root, "secret"), "the host's own");
    mkdirSync(path.join(yard.outside, "tree"));
    symlinkSync("../../secret", path.join(yard.outside, "tree", "notes"));
    symlinkSync(yard.root, path.join(yard.outside, "tree", "all"));
    await pass(yard, "tree", "tree");
    expect(JSON.stringify(yard.tree())).not.toContain("own");
  });
});

describe("a path of this machine", () => {
  it("is refused when it leads through a link, also a chain or one to itself", ({ expect }) => {
    using yard = openYard();
    symlinkSync(yard.outside, path.join(yard.inside, "way"));
    symlinkSync("loop", path.join(yard.inside, "loop"));
    for (const way of ["way/x", "loop/x", "way/deeper/../x"]) expect(() => openHostPath(`${yard.inside}/${way}`)).toThrow(expect.objectContaining({ code: "PATH_REFUSED" }));
  });

  it("may end in a link, which is then what is named", ({ expect }) => {
    using yard = openYard();
    symlinkSync(yard.outside, path.join(yard.inside, "way"));
    using found = openHostPath(path.join(yard.inside, "way"));
    expect(found.kind).toBe("link");
  });

  it("says what is missing and what is in the way", ({ expect }) => {
    using yard = openYard();
    writeFileSync(path.join(yard.inside, "file"), "");
    expect(() => openHostPath(path.join(yard.inside, "no", "x"))).toThrow(expect.objectContaining({ code: "PATH_NOT_FOUND" }));
    expect(() => openHostPath(path.join(yard.inside, "file", "x"))).toThrow(expect.objectContaining({ code: "PATH_REFUSED" }));
    using root = openHostPath("/");
    expect(root).toMatchObject({ name: undefined, kind: "directory" });
  });
});
