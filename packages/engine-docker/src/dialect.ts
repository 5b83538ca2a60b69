import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { engineFailed } from "./docker-error.ts";

/** A limit that a container's processes inherit; soft and hard are the same. */
export interface Ulimit {
  readonly Name: "nofile" | "nproc";
  readonly Soft: number;
  readonly Hard: number;
}

/** Where engines that speak one API take different words for the same thing. */
export interface Dialect {
  /** Where the output of pid 1 goes. Podman has no bounded driver of its own. */
  readonly logDriver: "local" | "none";
  /** How memory gets its owner: by numbers, or by following the container's user. */
  readonly tmpfsOwner: "numbers" | "user";
  /** Whether one who joins another's network has to be told to take its host name too. */
  readonly joinsHostName: boolean;
  /** Whether the engine makes the source of a bind where there is none, and so has to be kept from it. */
  readonly makesSources: boolean;
  /** Limits to say; empty where the engine adds none of its own. */
  readonly ulimits: readonly Ulimit[];
  /** Where the engine keeps its own files, if it lets containers see below that only what is mounted there later too. */
  readonly dataRoot: string | undefined;
  /** The value of `seccomp=` for a profile document. */
  readonly seccomp: (profile: object) => Promise<string>;
}

/** Docker and what is like it. */
export function dockerDialect(dataRoot: string | undefined): Dialect {
  return {
    logDriver: "local",
    tmpfsOwner: "numbers",
    joinsHostName: false,
    makesSources: false,
    ulimits: [],
    dataRoot,
    seccomp: async (profile) => Promise.resolve(JSON.stringify(profile)),
  };
}

/**
 * Podman, through its Docker-compatible socket.
 *
 * It takes a seccomp profile by the path of a file alone, so the profile is written into `directory`. Limits that nobody
 * states it raises as far as the kernel goes, which fails where it may not: those of this process are stated.
 */
export async function podmanDialect(directory: string | undefined): Promise<Dialect> {
  return {
    logDriver: "none",
    tmpfsOwner: "user",
    joinsHostName: true,
    makesSources: true,
    dataRoot: undefined,
    ulimits: ownLimits(await readFile("/proc/self/limits", "utf8"), Number(await readFile("/proc/sys/kernel/pid_max", "utf8"))),
    async seccomp(profile) {
      if (directory === undefined) throw engineFailed("create a container", "Podman takes a seccomp profile only from a file, and there is no directory for it");
      return placeProfile(directory, JSON.stringify(profile));
    },
  };
}

/** Written anew each time: what the engine reads is what was asked for, whatever lay there. */
async function placeProfile(directory: string, text: string): Promise<string> {
  const path = join(directory, `seccomp-${createHash("sha256").update(text).digest("hex").slice(0, 32)}.json`);
  const fresh = `${path}.${randomBytes(6).toString("hex")}`;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  await writeFile(fresh, text, { mode: 0o600, flag: "wx" });
  await rename(fresh, path);
  return path;
}

const NAMES = { "Max open files": "nofile", "Max processes": "nproc" } as const;

/**
 * The hard limits on open files and processes in the kernel's table of a process's limits. Of processes there are never
 * more than `mostProcesses`, which is where Podman's service puts its own limit. Unlimited files are -1.
 */
export function ownLimits(table: string, mostProcesses: number): readonly Ulimit[] {
  return table.split("\n").flatMap((line) => {
    const [, name, hard] = /^(Max open files|Max processes) +\S+ +(\d{1,15}|unlimited)(?: |$)/.exec(line) ?? [];
    if ((name !== "Max open files" && name !== "Max processes") || hard === undefined) return [];
    const limit = hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
    const stated = name === "Max processes" ? Math.min(limit, mostProcesses) : limit;
    const value = Number.isFinite(stated) ? stated : -1;
    return [{ Name: NAMES[name], Soft: value, Hard: value }];
  });
}
