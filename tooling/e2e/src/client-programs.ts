import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { runProgram } from "./run-program.ts";

/** The versions of other people's clients that are tried. */
const INSPECTOR = "@modelcontextprotocol/inspector@2.12.0";
const PYTHON_SDK = "mcp==1.30.0";

/** Why there is no Python here to make a place for its packages; `undefined` when there is. */
export async function whyNoPython(): Promise<string | undefined> {
  const { code } = await runProgram("python3", ["-c", "import venv, ensurepip"], { cwd: "/", env: environment() }).catch(() => ({ code: 127 }));
  return code === 0 ? undefined : "python3 with venv is not on this machine";
}

/** Install the Inspector once; nothing that its packages bring is run for that. Resolves with its program for Node. */
export async function inspectorProgram(): Promise<string> {
  const place = await made(INSPECTOR, (directory) => runProgram("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", directory, INSPECTOR], { cwd: "/", env: environment() }));
  return path.join(place, "node_modules/.bin/mcp-inspector");
}

/** Install the official client library for Python once, in a place of its own. Resolves with the Python that has it. */
export async function pythonWithSdk(): Promise<string> {
  const place = await made(PYTHON_SDK, async (directory) => {
    const venv = await runProgram("python3", ["-m", "venv", directory], { cwd: "/", env: environment() });
    if (venv.code !== 0) return venv;
    return await runProgram(path.join(directory, "bin/python"), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PYTHON_SDK], { cwd: "/", env: environment() });
  });
  return path.join(place, "bin/python");
}

/** A directory that is made once, under the name of what is in it. A place that was moved would not do for Python: it is marked when it is complete. */
async function made(what: string, make: (directory: string) => ReturnType<typeof runProgram>): Promise<string> {
  const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "sbx-tests");
  const place = path.join(cache, what.replaceAll(/[^\w.-]/g, "_"));
  const mark = `${place}.complete`;
  if (existsSync(mark)) return place;
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const { code, stderr } = await make(place);
  if (code !== 0) throw new Error(`${what} cannot be installed: ${stderr.slice(-2000)}`);
  mkdirSync(`${mark}.new`, { recursive: true });
  renameSync(`${mark}.new`, mark);
  return place;
}

function environment(): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
