import { closeSync, constants, openSync, readFileSync, renameSync, rmSync, writeSync, mkdirSync } from "node:fs";
import path from "node:path";
import { SandboxId } from "@sbx/contracts";
import { lockFile } from "@sbx/syscalls";
import * as z from "zod";
import { namesIn } from "../state/names-in.ts";

/** What has to be known to take away everything that a guard without a sandbox made. */
export const GuardNote = z.strictObject({
  version: z.literal(1),
  sandbox: SandboxId,
  /** The engine in which it is. */
  endpoint: z.string(),
  directory: z.string().regex(/^\/tmp\/sbx-guard-[A-Za-z0-9]+$/),
  key: z.string().regex(/^[0-9a-f]{64}$/),
});
export type GuardNote = z.infer<typeof GuardNote>;

const ENDING = ".json";

/**
 * Leave a note of a guard, before it makes anything. The kernel locks it for as long as this process lives, however that
 * ends; the note has its name only once it is locked and whole. @returns what takes it away when nothing is left
 */
export function leaveGuardNote(top: string, note: GuardNote): () => void {
  mkdirSync(top, { recursive: true, mode: 0o700 });
  const file = path.join(top, `${note.sandbox}${ENDING}`);
  const fresh = `${file}.new`;
  const descriptor = openSync(fresh, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  try {
    if (!lockFile(descriptor)) throw new Error("a file that was just made is locked already");
    writeSync(descriptor, JSON.stringify(note));
    renameSync(fresh, file);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return () => {
    rmSync(file, { force: true });
    closeSync(descriptor);
  };
}

/** Give each guard of an engine that is dead to `remove`, and forget those that were removed. Those that live are left alone. */
export async function forEachDeadGuard(top: string, { endpoint, remove }: { readonly endpoint: string; readonly remove: (note: GuardNote) => Promise<void> }): Promise<void> {
  for (const name of namesIn(top).filter((one) => one.endsWith(ENDING))) {
    const file = path.join(top, name);
    using held = lockOf(file);
    const note = held === undefined ? undefined : readNote(file);
    if (note === undefined || note.endpoint !== endpoint) continue;
    await remove(note);
    rmSync(file, { force: true });
  }
}

/** The lock of a note; `undefined` while its guard lives, or somebody else removes what it left. */
function lockOf(file: string): Disposable | undefined {
  const descriptor = opened(file);
  if (descriptor === undefined) return undefined;
  if (lockFile(descriptor)) return { [Symbol.dispose]: () => closeSync(descriptor) };
  closeSync(descriptor);
  return undefined;
}

function opened(file: string): number | undefined {
  try {
    return openSync(file, constants.O_RDWR | constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
}

function readNote(file: string): GuardNote | undefined {
  try {
    return GuardNote.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}
