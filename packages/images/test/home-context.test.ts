import { pack, extract, type Header } from "tar-stream";
import { Readable } from "node:stream";
import { describe, it } from "vitest";
import { homeContext } from "../src/home-context.ts";

type Entry = Parameters<ReturnType<typeof pack>["entry"]>[0];

/** What becomes of the entries of a home's tar. */
async function rewritten(entries: readonly (readonly [Entry, string?])[], leaveOut: (path: string) => boolean | ((head: string) => boolean) = () => false) {
  const tar = pack();
  for (const [header, text] of entries) tar.entry(header, text ?? "");
  tar.finalize();
  const { context, leftOut } = homeContext({ tar: Readable.from(tar), leaveOut, texts: { Dockerfile: "FROM x" } });
  const found: { readonly header: Header; readonly text: string }[] = [];
  for await (const entry of context.pipe(extract())) {
    let text = "";
    for await (const piece of entry) text += Buffer.from(piece as Uint8Array).toString();
    found.push({ header: entry.header, text });
  }
  return { found, names: found.map(({ header }) => header.name), leftOut: leftOut() };
}

describe("a home's tar, written anew", () => {
  it("keeps files, directories and links, of the agent and without rights", async ({ expect }) => {
    const { found, leftOut } = await rewritten([
      [{ name: "./", type: "directory", mode: 0o700, uid: 1234 }],
      [{ name: "./bin/", type: "directory", mode: 0o2777, uid: 0 }],
      [{ name: "./bin/x", mode: 0o6755, uid: 0, gid: 0 }, "#!"],
      [{ name: "./none", mode: 0o4000 }, "y"],
      [{ name: "./l", type: "symlink", linkname: "bin/x" }],
    ]);
    expect(found.map(({ header: { name, mode, uid, gid }, text }) => [name, mode.toString(8), uid, gid, text])).toEqual([
      ["Dockerfile", "644", 0, 0, "FROM x"],
      ["home", "755", 1000, 1000, ""],
      ["home/bin", "777", 1000, 1000, ""],
      ["home/bin/x", "755", 1000, 1000, "#!"],
      ["home/none", "400", 1000, 1000, "y"],
      ["home/l", "644", 1000, 1000, ""],
    ]);
    expect(leftOut).toEqual([]);
  });

  it("has no way out, no device, no pipe, no hard link and nothing behind a link", async ({ expect }) => {
    const { names, leftOut } = await rewritten([
      [{ name: "../../etc/passwd" }, "x"],
      [{ name: "/etc/shadow" }, "x"],
      [{ name: "./a/../../b" }, "x"],
      [{ name: "./dev", type: "character-device" }],
      [{ name: "./pipe", type: "fifo" }],
      [{ name: "./hard", type: "link", linkname: "../../etc/passwd" }],
      [{ name: "./up", type: "symlink", linkname: "../../etc" }],
      [{ name: "./deep/up", type: "symlink", linkname: "../x/../../etc" }],
      [{ name: "./d", type: "symlink", linkname: "/etc" }],
      [{ name: "./d/passwd" }, "x"],
      [{ name: "./d" }, "x"],
      [{ name: "./ok" }, "x"],
    ]);
    expect(names).toEqual(["Dockerfile", "home", "home/d", "home/ok"]);
    expect(leftOut).toContain("up");
    expect(leftOut).toContain("../../etc/passwd");
  });

  it("cannot put another file into the build than below home", async ({ expect }) => {
    const { found } = await rewritten([
      [{ name: "Dockerfile" }, "FROM evil"],
      [{ name: ".dockerignore" }, "*"],
    ]);
    expect(found.map(({ header, text }) => `${header.name}=${text}`)).toEqual(["Dockerfile=FROM x", "home=", "home/Dockerfile=FROM evil", "home/.dockerignore=*"]);
  });

  it("leaves out what it is told to, also where the content decides, and large files come whole", async ({ expect }) => {
    const large = "0123456789".repeat(50_000);
    const { names, found, leftOut } = await rewritten(
      [
        [{ name: "./.ssh/", type: "directory" }],
        [{ name: "./.ssh/id" }, "secret"],
        [{ name: "./a.key" }, "PRIVATE"],
        [{ name: "./large.key" }, `PRIVATE${large}`],
        [{ name: "./b.key" }, "public"],
        [{ name: "./large" }, large],
      ],
      (path) => (path.startsWith(".ssh") ? true : path.endsWith(".key") ? (head) => head.startsWith("PRIVATE") : false),
    );
    expect(names).toEqual(["Dockerfile", "home", "home/b.key", "home/large"]);
    expect(found.at(-1)?.text).toBe(large);
    expect(leftOut).toEqual([".ssh", "a.key", "large.key"]);
  });

  it("fails for a tar that ends too early", async ({ expect }) => {
    const { context } = homeContext({ tar: Readable.from([Buffer.alloc(100, 1)]), leaveOut: () => false, texts: {} });
    await expect(context.toArray()).rejects.toThrow();
  });
});
