import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, it } from "vitest";
import { startSocketDaemon } from "./support/socket-daemon.ts";

const run = promisify(execFile);
const HOOK = `data:text/javascript,${encodeURIComponent('import { registerHooks } from "node:module"; registerHooks({ load: (url, context, next) => { process.stderr.write(url + "\\n"); return next(url, context); } });')}`;
const PARTS = `data:text/javascript,${encodeURIComponent('process.on("exit", () => process.stderr.write(process.moduleLoadList.join("\\n")));')}`;
/** The sources themselves: in what they are put together to, no file says what it was made from. */
const PROGRAM = ["--conditions=@sbx/source", fileURLToPath(new URL("../src/bin.ts", import.meta.url))];

describe("commands that need no daemon", () => {
  it.for([["--version"], ["--help"], ["run", "--help"], ["version"], []])("load nothing heavy: sbx %s", async (line, { expect }) => {
    const { stderr } = await run(process.execPath, ["--import", HOOK, ...PROGRAM, ...line]);
    const loaded = stderr.split("\n").filter((url) => url !== "");
    expect(loaded.length).toBeGreaterThan(10);
    expect(loaded.filter((url) => /\/(zod|undici|dockerode|contracts)\/|node:(http|net|sqlite)/.test(url))).toEqual([]);
  });
});

describe("a command", () => {
  it.for([
    ["exec", ["exec.ts"]],
    ["ls", ["ls.ts"]],
    ["run", ["create-options.ts", "run.ts"]],
  ] as const)("is made without the others: sbx %s --help", async ([word, files], { expect }) => {
    const { stderr } = await run(process.execPath, ["--import", HOOK, ...PROGRAM, word, "--help"]);
    const loaded = stderr.split("\n").flatMap((url) => url.split("/apps/cli/src/commands/")[1] ?? []);
    expect(loaded.toSorted()).toEqual(files);
  });

  it("is made without the others when a shell asks how it goes on", async ({ expect }) => {
    const { stdout, stderr } = await run(process.execPath, ["--import", HOOK, ...PROGRAM, "__complete", "--", "exec", "--deadl"]);
    expect(stdout).toMatch(/^--deadline\t/);
    const loaded = stderr.split("\n").flatMap((url) => url.split("/apps/cli/src/commands/")[1] ?? []);
    expect(loaded.toSorted()).toEqual(["completion.ts", "exec.ts"]);
  });
});

describe("commands that speak to the daemon", () => {
  it("load of Node neither fetch nor TLS nor HTTP/2", async ({ expect }) => {
    const { stdout, stderr } = await listing(PARTS);
    expect(JSON.parse(stdout)).toEqual([]);
    expect(stderr).toContain("NativeModule _http_client");
    expect(stderr.split("\n").filter((line) => /undici|http2|tls|crypto\/util$/.test(line))).toEqual([]);
  });

  it("load the part of the API that they ask for, and no other", async ({ expect }) => {
    const { stdout, stderr } = await listing(HOOK);
    expect(JSON.parse(stdout)).toEqual([]);
    const loaded = stderr.split("\n").flatMap((url) => url.split("/packages/contracts/src/")[1] ?? []);
    expect(loaded.filter((file) => /(?:api|index)\.ts$/.test(file))).toEqual(["sandbox-api.ts"]);
  });
});

/** `sbx ls`, of a daemon that has no sandbox. */
async function listing(preload: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const state = mkdtempSync(path.join(tmpdir(), "sbx-fast-"));
  await using _daemon = await startSocketDaemon(state, { handlers: { listSandboxes: () => Promise.resolve([]) } });
  return await run(process.execPath, ["--import", preload, ...PROGRAM, "ls", "--json"], { env: { ...process.env, SBX_STATE_DIR: state } });
}
