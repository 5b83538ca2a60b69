import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/sbx.mjs", import.meta.url));
const STUB = fileURLToPath(new URL("../support/stub-daemon.ts", import.meta.url));

/** Run the real program in a process of its own, against a stub daemon. */
async function sbx(argv: readonly string[], { state, stub }: { readonly state: string; readonly stub: string }): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, [BIN, ...argv], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: state, SBX_STATE_DIR: state, SBX_DAEMON_PROGRAM: STUB, SBX_STUB: stub, AWS_SECRET_ACCESS_KEY: "must stay here", ANTHROPIC_API_KEY: "goes along" },
  });
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.err += text;
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  return { code, ...said };
}

const aState = (): string => mkdtempSync(path.join(tmpdir(), "sbx-start-"));
const startsOf = (state: string): { argv: string[]; cwd: string; env: Record<string, string> }[] =>
  readFileSync(path.join(state, "starts"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { argv: string[]; cwd: string; env: Record<string, string> });

describe("the daemon, started by a command", () => {
  it("is there for the command, with a minimal environment, away from the current directory", async ({ expect }) => {
    const state = aState();
    const { code, out, err } = await sbx(["ls", "--json"], { state, stub: "serve" });
    expect({ code, out, err }).toEqual({ code: 0, out: "[]\n", err: "" });
    const [start] = startsOf(state);
    expect(start).toMatchObject({ argv: ["--ready-fd", "3"], cwd: "/", env: { ANTHROPIC_API_KEY: "goes along", UV_THREADPOOL_SIZE: "8" } });
    expect(Object.keys(start?.env ?? {})).not.toContain("AWS_SECRET_ACCESS_KEY");
  });

  it("serves two commands that start it at the same moment", async ({ expect }) => {
    const state = aState();
    const results = await Promise.all([1, 2, 3].map(() => sbx(["ls", "--json"], { state, stub: "serve" })));
    expect(results).toEqual([1, 2, 3].map(() => ({ code: 0, out: "[]\n", err: "" })));
  });

  it("gives its own reason when it fails", async ({ expect }) => {
    const { code, err } = await sbx(["ls"], { state: aState(), stub: "fail" });
    expect({ code, err }).toEqual({ code: 125, err: "error: the state is broken\n  fix: mend it\n  code: CONFIG_INVALID\n" });
  });

  it("is waited for while it says what it prepares, and has the last word even when it ends at once", async ({ expect }) => {
    expect(await sbx(["ls", "--json"], { state: aState(), stub: "prepare and serve" })).toEqual({ code: 0, out: "[]\n", err: "" });
    for (let at = 0; at < 5; at += 1) {
      expect(await sbx(["ls"], { state: aState(), stub: "prepare and fail" })).toMatchObject({ code: 125, err: "error: the state is broken\n  fix: mend it\n  code: CONFIG_INVALID\n" });
    }
  });

  it("is quoted with the end of its log, without control characters, when it crashes", async ({ expect }) => {
    const state = aState();
    const { code, err } = await sbx(["ls"], { state, stub: "crash" });
    expect(code).toBe(125);
    expect(err).toBe(`error: The daemon did not start\n  | it broke here\n  fix: Look into its log: ${state}/logs/sbxd.log\n  code: DAEMON_UNREACHABLE\n`);
  });

  it("is not started by questions about it", async ({ expect }) => {
    const state = aState();
    const { code, out } = await sbx(["daemon", "status", "--json"], { state, stub: "crash" });
    expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({ code: 0, running: false });
    expect(await sbx(["daemon", "stop"], { state, stub: "crash" })).toMatchObject({ code: 0, out: "it does not run\n" });
    expect(() => startsOf(state)).toThrow();
  });

  it("is not looked for in a directory where others may put a socket", async ({ expect }) => {
    const state = aState();
    chmodSync(state, 0o777);
    const { code, err } = await sbx(["ls"], { state, stub: "serve" });
    expect(code).toBe(125);
    expect(err).toContain("Others may write in the state directory");
    expect(() => startsOf(state)).toThrow();
  });

  it("is told from something else that answers on the socket", async ({ expect }) => {
    const { code, err } = await sbx(["agents", "ls"], { state: aState(), stub: "serve" });
    expect(code).toBe(125);
    expect(err).toContain("is no sbx daemon");
  });
});
