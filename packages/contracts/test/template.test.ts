import fc from "fast-check";
import { describe, it } from "vitest";
import { HomePath, PackageName, TemplateName } from "../src/index.ts";

const takes = (schema: { safeParse(value: unknown): { success: boolean } }) => (text: string) => schema.safeParse(text).success;

describe("a package's name", () => {
  it.for(["g++", "libstdc++6", "python3.11", "tree", "libc6", "tree=1.2-3~deb12u1", "0ad", "x264=2:0.164+git"])("may be %s", (name, { expect }) => {
    expect(takes(PackageName)(name)).toBe(true);
  });

  it.for([
    "",
    "a",
    "-y",
    "--allow-unauthenticated",
    "-oDpkg::Pre-Invoke=id",
    "bash-",
    "tree=",
    "tree/unstable",
    "./x.deb",
    "/x.deb",
    "a b",
    "tree\n",
    "tree\nbash",
    "Tree",
    "tr*",
    "^tree",
    "~nx",
    "?all",
    "tree;id",
    "$(id)",
    "`id`",
    "tree=$(id)",
    "tree=1 2",
    "é",
  ])("is none of %j", (name, { expect }) => {
    expect(takes(PackageName)(name)).toBe(false);
  });

  it("never has what a shell, a file name or an option is made of", ({ expect }) => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (takes(PackageName)(text)) expect(text).toMatch(/^[a-z0-9][a-zA-Z0-9+.:=~-]+$/);
      }),
    );
  });
});

describe("a template's name", () => {
  it("is like an image's, with a tag if wanted", ({ expect }) => {
    expect(["web", "a.b-c_d", "web:v1.2"].filter(takes(TemplateName))).toHaveLength(3);
    expect(["", "Web", "../x", "a/b", "-x", "web:", "a:b:c", "x\n", "x".repeat(64), "docker/sandbox-templates:claude-code"].filter(takes(TemplateName))).toEqual([]);
  });
});

describe("a path of a home", () => {
  it("stays below it", ({ expect }) => {
    expect([".", ".local/share", "a b", "é"].filter(takes(HomePath))).toHaveLength(4);
    expect(["", "/", "/etc", "..", "../x", "a/..", "a/../b", "a//b", "./a", "a/", "a\nb", "a\0b"].filter(takes(HomePath))).toEqual([]);
  });
});
