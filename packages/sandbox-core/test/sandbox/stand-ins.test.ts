import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { STAND_IN } from "../../src/sandbox/stand-ins.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "sbx-stand-in-"));
  await writeFile(path.join(directory, "program"), STAND_IN);
  await chmod(path.join(directory, "program"), 0o755);
  for (const name of ["sudo", "apt", "apt-get", "xdg-open"]) await symlink("program", path.join(directory, name));
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
