import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { giveTo, openHost, type Host } from "../src/open-host.ts";

let host: Host;
let cwd: string;
/** Where this machine's side of the copies lies, beside the workspace. */
let here: string;
beforeAll(async () => {
  host = openHost();
  cwd = await host.project("files", 1234);
  here = path.join(host.home, "here");
  mkdirSync(here);
  const made = await host.sbx(
    ["run", "-q", "--name", "files", "shell", "--", "sh", "-c", "mkdir -p ~/d/sub; echo one > ~/d/one; echo two > ~/d/sub/two; ln -s sub/two ~/d/in; ln -s /etc/passwd ~/d/out; mkfifo ~/d/pipe"],
    { cwd },
  );
  if (made.code !== 0) throw new Error(made.stderr);
});
afterAll(() => host[Symbol.asyncDispose]());

describe("sbx cp", () => {
  it("copies a directory into a sandbox as its user, and back", async ({ expect }) => {
    mkdirSync(path.join(here, "tree", "sub"), { recursive: true });
    writeFileSync(path.join(here, "tree", "file"), "hello", { mode: 0o640 });
    writeFileSync(path.join(here, "tree", "sub", "binary"), Buffer.from([0, 255, 10, 13]));
    symlinkSync("file", path.join(here, "tree", "link"));
    expect(await host.sbx(["cp", "tree", "files:/tmp"], { cwd: here })).toMatchObject({ code: 0, stdout: "files:/tmp/tree\n" });
    const seen = await host.sbx(["exec", "files", "stat", "-c", "%n %U %a", "/tmp/tree/file", "/tmp/tree/sub"]);
    expect(seen.stdout).toBe("/tmp/tree/file agent 640\n/tmp/tree/sub agent 755\n");
    const back = await host.sbx(["cp", "--json", "files:/tmp/tree", "copy"], { cwd: here });
    expect(JSON.parse(back.stdout)).toEqual({ to: path.join(here, "copy"), files: 2, bytes: 9, leftOut: [] });
    expect(readFileSync(path.join(here, "copy", "sub", "binary"))).toEqual(Buffer.from([0, 255, 10, 13]));
    expect(readlinkSync(path.join(here, "copy", "link"))).toBe("file");
  });

  it("follows the rules of cp for names, homes and contents", async ({ expect }) => {
    writeFileSync(path.join(here, "note"), "n");
    expect((await host.sbx(["cp", "note", "files:~/renamed"], { cwd: here })).stdout).toMatch(/\/renamed\n$/);
    expect((await host.sbx(["cp", "note", "files:"], { cwd: here })).stdout).toBe(`files:${cwd}/note\n`);
    expect(readFileSync(path.join(cwd, "note"), "utf8")).toBe("n");
    expect((await host.sbx(["cp", "files:~/d/sub/.", "contents"], { cwd: here })).code).toBe(0);
    expect(readFileSync(path.join(here, "contents", "two"), "utf8")).toBe("two\n");
    expect(await host.sbx(["cp", "note", "files:/no/such/"], { cwd: here })).toMatchObject({ code: 125, stderr: expect.stringContaining("PATH_NOT_FOUND") as unknown });
    expect(await host.sbx(["cp", "files:/no/such", "."], { cwd: here })).toMatchObject({ code: 125, stderr: expect.stringContaining("PATH_NOT_FOUND") as unknown });
  });

  it("leaves out what leads out, says so, and ends with 1", async ({ expect }) => {
    const copied = await host.sbx(["cp", "files:~/d", "."], { cwd: here });
    expect(copied.code).toBe(1);
    expect(copied.stderr).toContain("left out d/out: it leads to an absolute path");
    expect(copied.stderr).toContain("left out d/pipe");
    expect(readFileSync(path.join(here, "d", "in"), "utf8")).toBe("two\n");
    for (const name of ["out", "pipe"]) expect(existsSync(path.join(here, "d", name))).toBe(false);
    expect((await host.sbx(["cp", "-L", "files:~/d/out", "passwd"], { cwd: here })).code).toBe(0);
    expect(readFileSync(path.join(here, "passwd"), "utf8")).toContain("agent:");
  });

  it("carries tar streams", async ({ expect }) => {
    const out = await host.sbx(["cp", "files:~/d/one", "-"]);
    expect(out.stdout.slice(0, 3)).toBe("one");
    // A tar of one short file is text to the last byte.
    expect((await host.sbx(["cp", "-", "files:/tmp"], { input: out.stdout })).code).toBe(0);
    expect((await host.sbx(["exec", "files", "cat", "/tmp/one"])).stdout).toBe("one\n");
  });

  it("says why the sandbox cannot take it, while the rest is still coming", async ({ expect }) => {
    writeFileSync(path.join(here, "large"), Buffer.alloc(8 << 20));
    expect(await host.sbx(["cp", "large", "files:/etc"], { cwd: here })).toMatchObject({ code: 125, stderr: expect.stringContaining("Permission denied") as unknown });
    expect(await host.sbx(["cp", "files:/root/x", "."], { cwd: here })).toMatchObject({ code: 125, stderr: expect.stringContaining("Permission denied") as unknown });
  });
});

describe("an agent that waits for sbx cp", () => {
  it("cannot lead it out of the workspace by a link, either way", async ({ expect }) => {
    const secret = path.join(host.home, "secret");
    writeFileSync(secret, "the host's own");
    await host.sbx(["exec", "files", "sh", "-c", `ln -sfn ${host.home} ${cwd}/way; ln -sf ${secret} ${cwd}/notes`]);
    writeFileSync(path.join(here, "new"), "x");
    for (const args of [
      ["files:~/d/one", "way/planted"],
      ["files:~/d/one", "way"],
      ["files:~/d/one", "notes"],
      ["files:~/d", "way"],
      ["way/secret", "files:/tmp"],
    ])
      expect(await host.sbx(["cp", ...args], { cwd })).toMatchObject({ code: 125, stderr: expect.stringContaining("PATH_REFUSED") as unknown });
    expect(existsSync(path.join(host.home, "planted"))).toBe(false);
    expect(existsSync(path.join(host.home, "one"))).toBe(false);
    expect(readFileSync(secret, "utf8")).toBe("the host's own");
    // A link alone is copied as a link: what it leads to stays here.
    expect((await host.sbx(["cp", "notes", "files:/tmp"], { cwd })).code).toBe(0);
    expect((await host.sbx(["exec", "files", "cat", "/tmp/notes"])).stdout).toBe("");
    expect(lstatSync(path.join(cwd, "way")).isSymbolicLink()).toBe(true);
  });

  it("cannot have more written than allowed", async ({ expect }) => {
    await host.sbx(["exec", "files", "sh", "-c", "truncate -s 1G ~/sparse"]);
    expect(await host.sbx(["cp", "--max-size", "1m", "files:~/sparse", "."], { cwd: here })).toMatchObject({ code: 125, stderr: expect.stringContaining("ARCHIVE_REFUSED") as unknown });
    expect(existsSync(path.join(here, "sparse"))).toBe(false);
    await host.sbx(["exec", "files", "sh", "-c", "rm ~/sparse"]);
    giveTo(cwd, 1234);
  });

  it("leaves no process behind when the copy is given up", async ({ expect }) => {
    await host.sbx(["cp", "--max-size", "64k", "files:/usr", "."], { cwd: here });
    const { stdout } = await host.sbx(["exec", "files", "sh", "-c", "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done | grep -c '^tar ' || true"]);
    expect(stdout.trim()).toBe("0");
    expect((await host.events()).filter(({ type }) => type.startsWith("files.")).map(({ fields }) => fields["path"])).toContain("/usr");
  });
});
