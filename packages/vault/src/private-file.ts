import { constants } from "node:fs";
import { open, rename } from "node:fs/promises";
import path from "node:path";

/** A file that is there and is not to be trusted; the message says why. */
export class NotPrivate extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "NotPrivate" });
  }
}

/** What a file that holds this much or more would be is no vault and no key. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Bytes of a file that its owner alone reads and writes; `undefined` when there is none. @throws NotPrivate */
export async function readPrivate(file: string): Promise<Buffer | undefined> {
  const handle = await openIfThere(file);
  if (handle === undefined) return undefined;
  try {
    const { size, mode, uid } = await handle.stat().then((found) => {
      if (!found.isFile()) throw new NotPrivate("it is no regular file");
      return found;
    });
    if (uid !== (process.geteuid?.() ?? uid)) throw new NotPrivate(`it belongs to another user (uid ${uid})`);
    if ((mode & 0o077) !== 0) throw new NotPrivate(`others may read or write it (mode ${(mode & 0o777).toString(8)}); make it yours alone: chmod 600 ${file}`);
    if (size > MAX_BYTES) throw new NotPrivate("it is far too long");
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function openIfThere(file: string): ReturnType<typeof open> extends Promise<infer H> ? Promise<H | undefined> : never {
  try {
    // A pipe in its place would keep the reader waiting.
    return await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP") throw new NotPrivate("it is a link");
    throw error;
  }
}

/**
 * Put a file in place of another, whole or not at all: whoever reads sees the old bytes or the new ones, also after a crash.
 * Callers hold the lock of the directory.
 */
export async function replacePrivate(file: string, bytes: Uint8Array): Promise<void> {
  const fresh = `${file}.new`;
  const handle = await open(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600);
  try {
    // One that a crash left behind keeps its mode.
    await handle.chmod(0o600);
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
  await syncDirectory(path.dirname(file));
}

/** Make what was renamed or removed in a directory last. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
