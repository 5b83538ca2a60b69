import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { COPIED_TEXT, PASTED_IMAGE } from "@sbx/contracts";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { CLIPBOARD_NAMES } from "../../src/sandbox/clipboard-stand-in.ts";
import { STAND_IN } from "../../src/sandbox/stand-ins.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "sbx-stand-in-"));
  await writeFile(path.join(directory, "program"), STAND_IN);
  await chmod(path.join(directory, "program"), 0o755);
  for (const name of ["sudo", "apt", "apt-get", "xdg-open", ...CLIPBOARD_NAMES]) await symlink("program", path.join(directory, name));
});
afterAll(() => rm(directory, { recursive: true }));

async function run(program: string, ...args: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
  return await new Promise((resolve) => {
    execFile(path.join(directory, program), [...args], { env: { PATH: "/usr/bin:/bin", SBX_SANDBOX: "shell-app" } }, (error, _out, said) =>
      resolve({ code: error === null ? 0 : Number(error.code), said }),
    );
  });
}

describe("what stands in for sudo and apt", () => {
  it.for([
    ["apt", "install", "tree"],
    ["apt-get", "install", "-y", "tree"],
    ["apt-get", "-o", "-y", "install", "tree"],
    ["sudo", "apt", "install", "tree"],
    ["sudo", "-E", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "tree"],
    ["sudo", "-u", "root", "--", "/usr/bin/apt-get", "install", "tree"],
  ])("says by which command a person installs: %s", async ([program = "", ...args], { expect }) => {
    const { code, said } = await run(program, ...args);
    expect({ code, said }).toMatchObject({ code: 100, said: expect.stringContaining("sbx:   sbx install --sandbox shell-app tree\n") as string });
  });

  it("puts nothing into that command that is no package's plain name", async ({ expect }) => {
    const { said } = await run("apt", "install", "$(id)", "a;id", "x\nsbx rm --all", "\u001B]52;c;aWQ=\u0007", "./evil.deb", "-oX=y", "tree");
    expect(said).toContain("sbx install --sandbox shell-app tree\n");
    // oxlint-disable-next-line no-control-regex -- an escape sequence is what must not be there
    expect(said).not.toMatch(/id\)|;id|rm --all|\u001B|evil|oX/);
  });

  it.for([
    ["apt-get", "update"],
    ["apt", "upgrade"],
    ["sudo", "apt", "remove", "bash"],
  ])("does nothing for: %s", async ([program = "", ...args], { expect }) => {
    expect(await run(program, ...args)).toMatchObject({ code: 100, said: expect.stringContaining("sbx install") as string });
  });

  it("gives no rights and runs nothing for sudo of something else", async ({ expect }) => {
    const file = path.join(directory, "made");
    expect(await run("sudo", "touch", file)).toMatchObject({ code: 1, said: expect.stringContaining("nobody is root") as string });
    expect((await run("sudo", "-s")).code).toBe(1);
    expect((await run("sudo")).code).toBe(1);
    await expect(chmod(file, 0o600)).rejects.toThrow("ENOENT");
  });

  it("opens nothing for xdg-open, and asks for web addresses alone", async ({ expect }) => {
    expect(await run("xdg-open", "https://login.example.org/device")).toMatchObject({ code: 0, said: expect.stringContaining("sbx open shell-app") as string });
    for (const other of ["file:///etc/passwd", "/etc/passwd", "--help", "javascript:x"]) expect((await run("xdg-open", other)).code).toBe(2);
  });

  it("leaves to apt what needs no rights", async ({ expect }) => {
    expect((await run("apt-get", "--version")).code).toBe(0);
  });
});

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly said: string;
}

/** Run a program with this home and input; the file of copies is one of the test's. */
async function clip(
  line: string,
  { home = directory, input = "", env = {} }: { readonly home?: string; readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  const [program = "", ...args] = line.split(" ");
  return await new Promise((resolve) => {
    const child = execFile(path.join(directory, program), args, { env: { PATH: "/usr/bin:/bin", HOME: home, SBX_SANDBOX: "shell-app", ...env }, encoding: "latin1" }, (error, out, said) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, said });
    });
    child.stdin?.on("error", () => undefined).end(input);
  });
}

describe("what stands in for the programs of a clipboard", () => {
  const PASTES = ["xclip -selection clipboard -t image/png -o", "wl-paste --type image/png", "wl-paste -n -t image/png", "xclip -o -sel c -target image/png", "wl-paste --type=image/png"];

  it("pastes the image that was given last, and lists it", async ({ expect }) => {
    const home = await mkdtemp(path.join(directory, "home-"));
    const image = "\u0089PNG\r\n\u001A\nrest\u0000";
    await mkdir(path.join(home, path.dirname(PASTED_IMAGE)));
    await writeFile(path.join(home, `${PASTED_IMAGE}.png`), image, "latin1");
    for (const line of PASTES) expect(await clip(line, { home })).toEqual({ code: 0, out: image, said: "" });
    for (const line of ["xclip -selection clipboard -t TARGETS -o", "wl-paste -l", "wl-paste --list-types"]) expect(await clip(line, { home })).toEqual({ code: 0, out: "image/png\n", said: "" });
    expect(await clip("wl-paste --type image/jpeg", { home })).toMatchObject({ code: 1, out: "" });
  });

  it.for([
    ...PASTES,
    "wl-paste",
    "wl-paste -l",
    "pbpaste",
    "xclip -o",
    "xsel -o",
    "xsel --clipboard --output",
    "xclip -o -t image/../../../etc/passwd",
    "wl-paste -t /etc/passwd",
    "xclip -o -t UTF8_STRING",
  ])("pastes nothing that was not given, and says by which command it is: %s", async (line, { expect }) => {
    const { code, out, said } = await clip(line);
    expect([code, out]).toEqual([1, ""]);
    expect(said).toMatch(/sbx paste shell-app|nothing to paste/);
  });

  it.for(["xclip -selection clipboard", "xclip -sel c -i", "wl-copy", "pbcopy -pboard general", "xsel -ib", "xsel --clipboard --input"])(
    "writes down what is copied, and says who can take it: %s",
    async (line, { expect }) => {
      expect(await clip(line, { input: "a text\n$(id)" })).toMatchObject({ code: 0, out: "", said: expect.stringContaining("sbx copied shell-app") as string });
      expect(await readFile(COPIED_TEXT, "utf8")).toBe("a text\n$(id)");
      await rm(COPIED_TEXT);
    },
  );

  it("takes words of a command line, no images, and no more than it may", async ({ expect }) => {
    await clip("wl-copy -- some words");
    expect(await readFile(COPIED_TEXT, "utf8")).toBe("some words");
    expect(await clip("wl-copy --type image/png", { input: "x" })).toMatchObject({ code: 1 });
    expect(await readFile(COPIED_TEXT, "utf8")).toBe("some words");
    await clip("pbcopy", { input: "x".repeat(3 << 20) });
    expect((await readFile(COPIED_TEXT, "utf8")).length).toBe((1 << 20) + 1);
    await rm(COPIED_TEXT);
  });
});
