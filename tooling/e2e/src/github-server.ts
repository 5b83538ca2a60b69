import { cpSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import * as z from "zod";
import { runProgram, type ProgramResult } from "./run-program.ts";

/** The version that is built; its source comes as a Go module. */
const MODULE = "github.com/github/github-mcp-server@v1.0.0";

/** Why GitHub's own MCP server cannot be built here; `undefined` when it can. */
export async function whyNoGo(): Promise<string | undefined> {
  const { code } = await go(["version"], "/").catch(() => ({ code: 127 }));
  return code === 0 ? undefined : "Go is not on this machine";
}

/** Build GitHub's own MCP server from its source, once: the program is kept by its version. Resolves with its path. */
export async function buildGithubServer(): Promise<string> {
  const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "sbx-tests", MODULE.replaceAll(/[^\w.-]/g, "_"));
  const program = path.join(cache, "github-mcp-server");
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const { stdout } = await need(go(["mod", "download", "-json", MODULE], cache));
  const source = path.join(cache, "source");
  cpSync(z.object({ Dir: z.string() }).parse(JSON.parse(stdout)).Dir, source, { recursive: true });
  await need(runProgram("chmod", ["-R", "u+w", source], { cwd: cache, env: {} }));
  await need(go(["build", "-o", `${program}.new`, "./cmd/github-mcp-server"], source));
  renameSync(`${program}.new`, program);
  return program;
}

async function go(args: readonly string[], cwd: string): Promise<ProgramResult> {
  const env = Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
  return await runProgram("go", args, { cwd, env: { ...env, CGO_ENABLED: "0", GOFLAGS: "-mod=mod", GOTOOLCHAIN: "local" } });
}

async function need(result: Promise<ProgramResult>): Promise<ProgramResult> {
  const ended = await result;
  if (ended.code !== 0) throw new Error(ended.stderr.slice(-2000));
  return ended;
}
