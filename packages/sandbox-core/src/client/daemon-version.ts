import { readFile } from "node:fs/promises";
import path from "node:path";
import type { DaemonPaths } from "./daemon-port.ts";

/** What a daemon that does not say its version counts as: older than every one that does. */
const BEFORE_ALL = "0.0.0";

/** The version of the daemon that has the lock, as it wrote it there; `undefined` where that cannot be read. */
export async function versionThatRuns({ stateDirectory }: DaemonPaths): Promise<string | undefined> {
  const holder = await jsonOf(path.join(stateDirectory, "sbxd.lock"));
  return holder === undefined ? undefined : (versionIn(holder) ?? BEFORE_ALL);
}

/** The version of a daemon's program, from the manifest of its package; `undefined` for a program that has none. */
export async function versionOfProgram(program: string): Promise<string | undefined> {
  const manifest = await jsonOf(path.join(path.dirname(program), "..", "package.json"));
  return manifest !== undefined && "name" in manifest && manifest.name === "sbxd" ? versionIn(manifest) : undefined;
}

/** Whether a version comes before another one. Of versions that are no three numbers nothing is known. */
export function isOlder(version: string, other: string): boolean {
  const [one, two] = [numbersOf(version), numbersOf(other)];
  const different = one.findIndex((number, index) => number !== two[index]);
  return different !== -1 && (one[different] ?? 0) < (two[different] ?? 0);
}

/** What comes after the numbers, as in 1.2.3-rc.1, is not looked at: such versions take each other's place by hand. */
function numbersOf(version: string): readonly number[] {
  const [, ...numbers] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  return numbers.map(Number);
}

function versionIn(value: object): string | undefined {
  return "version" in value && typeof value.version === "string" ? value.version : undefined;
}

async function jsonOf(file: string): Promise<object | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, "utf8"));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
