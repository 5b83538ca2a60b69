import { chmodSync, closeSync, constants, ftruncateSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { lockFile } from "@sbx/syscalls";
import * as z from "zod";
import { programVersion } from "./program-version.ts";

/**
 * Who holds the lock: a pid alone could be somebody else's by now, so its start time stands beside it. From the version callers
 * know that the daemon is older than what is installed.
 */
const Holder = z.object({ pid: z.number().int().positive(), started: z.string(), version: z.string().optional() });
export type Holder = z.infer<typeof Holder>;

/** How long a holder may take to write down who it is. */
const UNNAMED_MS = 500;

/**
 * Take the lock of a state directory, one daemon per directory. The kernel keeps it, and gives it back whenever and
 * however its holder ends: what stands in the file only says who that is.
 *
 * @returns a release, or the living process that has it
 * @throws AppError `CONFIG_INVALID` when somebody else could have put something into the directory
 */
export function takeLock(directory: string): { readonly taken: true; readonly release: () => void } | { readonly taken: false; readonly holder: Holder | undefined } {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  checkPrivate(directory);
  // One that was there before may be open to readers.
  chmodSync(directory, 0o700);
  const file = path.join(directory, "sbxd.lock");
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  if (!lockFile(descriptor)) {
    closeSync(descriptor);
    return { taken: false, holder: awaitHolder(file) };
  }
  ftruncateSync(descriptor);
  writeSync(descriptor, JSON.stringify({ pid: process.pid, started: startTimeOf(process.pid) ?? "", version: programVersion() } satisfies Holder), 0);
  return {
    taken: true,
    release: () => {
      closeSync(descriptor);
    },
  };
}

/** Keys and commands go through this directory: it must be this user's, and nobody else may write in it. */
function checkPrivate(directory: string): void {
  const found = statSync(directory);
  const fix = `Set SBX_STATE_DIR to a directory of your own, or mend this one: chmod 700 ${directory}`;
  if (found.uid !== process.geteuid?.()) throw new AppError("CONFIG_INVALID", { message: `The state directory "${directory}" belongs to another user (uid ${found.uid})`, fix });
  if ((found.mode & 0o022) !== 0) throw new AppError("CONFIG_INVALID", { message: `Others may write in the state directory "${directory}"`, fix });
}

/** Who has the lock; one that has only just taken it is given a moment to say so. */
function awaitHolder(file: string): Holder | undefined {
  const end = performance.now() + UNNAMED_MS;
  for (;;) {
    const holder = readHolder(file);
    if (holder !== undefined && startTimeOf(holder.pid) === holder.started) return holder;
    if (performance.now() > end) return undefined;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
}

/** Who is named in the lock file; `undefined` when it is gone or cannot be read as one. */
export function readHolder(file: string): Holder | undefined {
  try {
    return Holder.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat); `undefined` when none runs: a zombie is none. */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
