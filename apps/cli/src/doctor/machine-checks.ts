import { execFile } from "node:child_process";
import { chmod, lstat, readdir, statfs } from "node:fs/promises";
import { release } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { AppError } from "@sbx/contracts/app-error";
import { checkStateDirectory } from "@sbx/core/client";
import type { Context } from "../context.ts";
import { fail, mendable, ok, warn, type Check, type Mend } from "./check.ts";

/** Images of an agent take 1 to 2 GB; below the lower figure a build will not end. */
const FREE_WANTED_BYTES = 8e9;
const FREE_NEEDED_BYTES = 2e9;

/** What can be told of the machine without asking anybody. */
export async function machineChecks({ daemon, env }: Context): Promise<readonly Check[]> {
  return [
    checkNode(process.versions.node),
    checkKernel(process.platform, release()),
    await checkState(daemon.paths.stateDirectory),
    await checkDisk("disk (state)", daemon.paths.stateDirectory),
    await checkGit(env["PATH"]),
  ];
}

export function checkNode(version: string): Check {
  return Number.parseInt(version, 10) >= 24
    ? ok("node", `Node ${version}`)
    : fail("node", `Node ${version}, which is too old`, "Install Node 24, or in a clone of the project run: npm run quickstart");
}

/** Idmapped mounts came with 5.12; without them only a workspace of root's is out of reach. */
export function checkKernel(platform: string, version: string): Check {
  if (platform !== "linux") return fail("kernel", `${platform} ${version}: the daemon needs Linux`, "Run sbx on Linux, or inside a Linux virtual machine.");
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  if (major > 5 || (major === 5 && minor >= 12)) return ok("kernel", `Linux ${version}`);
  return warn("kernel", `Linux ${version}: a workspace that belongs to root cannot be given to an agent`, "Use workspaces of an ordinary user, or a kernel from 5.12 on.");
}

async function checkState(directory: string): Promise<Check> {
  try {
    await checkStateDirectory(directory);
    return ok("state", directory);
  } catch (error) {
    if (AppError.is(error)) return mendable(fail("state", error.message, error.fix), await closeToOthers(directory));
    throw error;
  }
}

/** A directory of this user's can be closed to others, unless one of them has put something into it already: a socket of theirs would be taken for the daemon's. */
async function closeToOthers(directory: string): Promise<Mend | undefined> {
  const isOurs = async (file: string): Promise<boolean> => (await lstat(file)).uid === process.geteuid?.();
  if (!(await lstat(directory)).isDirectory() || !(await isOurs(directory))) return undefined;
  const entries = await Promise.all((await readdir(directory)).map((name) => isOurs(path.join(directory, name))));
  if (entries.includes(false)) return undefined;
  return {
    what: `chmod 700 ${directory}`,
    run: async () => {
      await chmod(directory, 0o700);
    },
  };
}

/** Free space of the file system on which a directory lies or would lie. */
export async function checkDisk(name: string, directory: string): Promise<Check> {
  const found = await statfs(directory).catch(() => undefined);
  if (found === undefined)
    return path.dirname(directory) === directory ? warn(name, `free space of ${directory} cannot be read`, "See to it that some gigabytes are free.") : await checkDisk(name, path.dirname(directory));
  const free = found.bavail * found.bsize;
  const detail = `${(free / 1e9).toFixed(1)} GB free at ${directory}`;
  if (free < FREE_NEEDED_BYTES) return fail(name, detail, "Free some gigabytes, for example with: docker image prune");
  return free < FREE_WANTED_BYTES ? warn(name, detail, "Free some gigabytes, for example with: docker image prune") : ok(name, detail);
}

async function checkGit(searchPath: string | undefined): Promise<Check> {
  try {
    const { stdout } = await promisify(execFile)("git", ["--version"], { env: { PATH: searchPath ?? "" } });
    return ok("git", stdout.trim());
  } catch {
    return warn("git", "git is not there, so agents commit without your name", "Install it, for example with: sudo apt install git");
  }
}
