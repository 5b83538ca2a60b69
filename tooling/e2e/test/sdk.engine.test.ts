import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, it } from "vitest";
import { installPackedSdk } from "../src/install-packed-sdk.ts";
import { giveTo, openHost, type Host } from "../src/open-host.ts";
import { runProgram, type ProgramResult } from "../src/run-program.ts";

const CORE = fileURLToPath(new URL("../../../packages/sandbox-core/", import.meta.url));

let host: Host;
/** A directory with the installed tarballs, the examples and a workspace; nothing in it or above it is of this repository. */
let fresh: string;
beforeAll(async () => {
  host = openHost({ SBX_KEEP_READY: "no" });
  fresh = path.join(host.home, "fresh");
  const app = path.join(fresh, "app");
  mkdirSync(app, { recursive: true });
  writeFileSync(path.join(app, "README.md"), "# A sample\n");
  giveTo(app, 1234);
  // A copy: the daemon that is started lies where the SDK does.
  cpSync(path.join(await installPackedSdk(), "node_modules"), path.join(fresh, "node_modules"), { recursive: true, verbatimSymlinks: true });
  writeFileSync(path.join(fresh, "package.json"), JSON.stringify({ name: "fresh", private: true, type: "module" }));
  cpSync(path.join(CORE, "examples"), fresh, { recursive: true });
}, 900_000);
afterAll(() => host[Symbol.asyncDispose]());

/** Run a program with plain Node, as a user of the package does. */
const node = (args: readonly string[]): Promise<ProgramResult> => runProgram(process.execPath, args, { cwd: fresh, env: host.env, input: undefined });

describe("the SDK, installed from its tarballs in a fresh directory", () => {
  it("has nothing of this repository in reach", ({ expect }) => {
    expect(realpathSync(path.join(fresh, "node_modules/@sbx/core"))).toBe(path.join(fresh, "node_modules/@sbx/core"));
    expect(existsSync(path.join(fresh, "node_modules/@sbx/core/src"))).toBe(false);
    expect(existsSync(path.join(fresh, "node_modules/sbx"))).toBe(false);
  });

  it("runs each example of its README, which leaves no sandbox, container or volume behind", { timeout: 600_000 }, async ({ expect }) => {
    const blocks = [...readFileSync(path.join(CORE, "README.md"), "utf8").matchAll(/^```ts\n(.+?)^```/gms)].map(([, code = ""]) => code);
    expect(blocks).toHaveLength(4);
    const said: string[] = [];
    for (const [index, code] of blocks.entries()) {
      writeFileSync(path.join(fresh, `readme-${index}.ts`), code);
      const { code: exit, stdout, stderr } = await node([`readme-${index}.ts`]);
      expect([index, exit, stderr]).toEqual([index, 0, ""]);
      said.push(stdout);
    }
    const [sandbox = "", task = "", profile = "", pure = ""] = said;
    for (const text of ["0 ", "a\nb\n0\n", "hello\n 1\n", "from inside\n", "30 100", "sandbox.created", "session.ended 0"]) expect(sandbox).toContain(text);
    expect(task).toContain("+++ b/stamp.txt");
    expect(task).toContain("{ path: 'stamp.txt', change: 'added' }");
    expect(profile).toContain("stdout: '42\\n'");
    expect(pure).toContain("SCMP_ACT_ERRNO");
    expect(await host.sandboxes()).toEqual([]);
    expect(await host.remains()).toEqual([]);
  });

  it("gives an agent a task and tells what it changed, what was refused, and what would run here", { timeout: 600_000 }, async ({ expect }) => {
    const claude = await node(["run-task.ts", "claude", "./app", "Please do this:\n```sh\nprintf 'noted\\n' > NOTES.md\n```\n"]);
    expect([claude.code, claude.stderr]).toEqual([0, expect.stringContaining("prepare home …")]);
    expect(claude.stdout).toContain("+++ b/NOTES.md\n@@ -0,0 +1 @@\n+noted\n");
    expect(claude.stdout).toMatch(/tokens: [1-9]\d* in, [1-9]\d* out/);
    const unknown = await node(["run-task.ts", "cluade", "./app"]);
    expect([unknown.code, unknown.stderr]).toEqual([125, expect.stringContaining('AGENT_UNKNOWN: There is no agent "cluade"')]);
    expect(await host.remains()).toEqual([]);
  });

  it("makes a profile of one's own of a value", { timeout: 600_000 }, async ({ expect }) => {
    const { code, stdout, stderr } = await node(["custom-profile.ts", "./app"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^lines: [1-9]\d*\nsettings: \{\s+"strict": true\s+\}\s+network: closed\n$/);
    expect(await host.remains()).toEqual([]);
  });

  it("makes ten sandboxes in one workspace, uses them all, and takes all away", { timeout: 600_000 }, async ({ expect }) => {
    const { code, stdout, stderr } = await node(["pool.ts", "./app", "10"]);
    expect([code, stderr]).toEqual([0, ""]);
    const lines = stdout.trim().split("\n");
    expect(lines.map((line) => line.replace(/, says .*/, ""))).toEqual(Array.from({ length: 30 }, (_, job) => `${job} squared is ${job * job}`));
    expect(new Set(lines.map((line) => line.replace(/.*says /, ""))).size).toBeGreaterThan(1);
    expect(await host.remains()).toEqual([]);
  });

  it("takes what it made away when the program fails, and ends a program that is given up", { timeout: 600_000 }, async ({ expect }) => {
    cpSync(path.join(import.meta.dirname, "../src/failing-program.ts"), path.join(fresh, "failing-program.ts"));
    const { code, stdout, stderr } = await node(["failing-program.ts"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("this program fails")]);
    expect(stdout.split("\n")).toEqual([
      "twin NAME_TAKEN",
      "up",
      "given up INTERRUPTED",
      "sleeping 0",
      "missing PATH_NOT_FOUND",
      "bounded PATH_REFUSED",
      "device PATH_REFUSED",
      'odd "-n odd\\nname" 3 600 0 255 10',
      "link link true",
      "copied deep",
      "archive true false",
      "events sandbox.created files.written",
      "again on",
      "found running 1",
      "",
    ]);
    expect(await host.remains()).toEqual([]);
  });
});
