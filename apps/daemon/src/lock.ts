import { closeSync, mkdirSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from "node:fs";
import path from "node:path";
import * as z from "zod";

/** Who holds the lock: a pid alone could be somebody else's by now, so its start time stands beside it. */
const Holder = z.object({ pid: z.number().int().positive(), started: z.string() });
export type Holder = z.infer<typeof Holder>;

/**
 * Take the lock of a state directory, one daemon per directory.
 *
 * @returns a release, or the living process that has it. A lock whose process is gone is taken over.
 */
export function takeLock(directory: string): { readonly taken: true; readonly release: () => void } | { readonly taken: false; readonly holder: Holder } {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = path.join(directory, "sbxd.lock");
  const self: Holder = { pid: process.pid, started: startTimeOf(process.pid) ?? "" };
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if (create(file, self)) return { taken: true, release: () => { release(file, self); } };
    const holder = readHolder(file);
    if (holder !== undefined && startTimeOf(holder.pid) === holder.started) return { taken: false, holder };
    setAside(file);
  }
  throw new Error(`${file} changes hands too fast`);
}

function create(file: string, self: Holder): boolean {
  try {
    const descriptor = openSync(file, "wx", 0o600);
    writeSync(descriptor, JSON.stringify(self));
    closeSync(descriptor);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
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

/** Rename before removal: of two daemons that both saw a stale lock, only one renames it. */
function setAside(file: string): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
    unlinkSync(aside);
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
  }
}

function release(file: string, self: Holder): void {
  const holder = readHolder(file);
  if (holder?.pid === self.pid && holder.started === self.started) unlinkSync(file);
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

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
