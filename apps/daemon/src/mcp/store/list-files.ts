import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { SandboxId } from "@sbx/contracts";
import type { ListKey, ListStore, ServerLists } from "@sbx/mcp-gateway";
import { listsText, parseLists } from "./parse-lists.ts";

export interface ListFilesParts {
  /** A directory of its own, which need not be there. */
  readonly directory: string;
  /** Takes out what must not lie in a file. */
  readonly clean: (lists: ServerLists) => ServerLists;
  /** Told of what could not be written: nothing is lost but time. */
  readonly onFault: (error: unknown) => void;
  readonly limits?: Partial<ListLimits>;
}

interface ListLimits {
  /** Larger lists are not kept. */
  readonly fileBytes: number;
  /** Files of one owner, and what they weigh; the oldest go first. */
  readonly ownerFiles: number;
  readonly ownerBytes: number;
  /** What is held in memory, of all. */
  readonly heldBytes: number;
}

const MIB = 1 << 20;
const LIMITS: ListLimits = { fileBytes: 2 * MIB, ownerFiles: 200, ownerBytes: 32 * MIB, heldBytes: 64 * MIB };
const FILE_NAME = /^[0-9a-f]{32}\.json$/;

/**
 * Keeps what servers offer in files of mode 0600, one for each owner, server and configuration, so that a new daemon lists
 * tools without starting anything. A file that is broken, too large or no file is as good as none, and written anew when the
 * server runs. Writing goes on behind; disposing waits for it.
 */
export class ListFiles implements ListStore, AsyncDisposable {
  readonly #parts: ListFilesParts;
  readonly #limits: ListLimits;
  /** Least recently used first. */
  readonly #held = new Map<string, { readonly lists: ServerLists; readonly bytes: number }>();
  #heldBytes = 0;
  #work: Promise<unknown> = Promise.resolve();

  constructor(parts: ListFilesParts) {
    this.#parts = parts;
    this.#limits = { ...LIMITS, ...parts.limits };
  }

  get(key: ListKey): ServerLists | undefined {
    const file = this.#fileOf(key);
    const held = this.#held.get(file);
    if (held !== undefined) {
      this.#hold(file, held);
      return held.lists;
    }
    const text = readOrdinary(file, this.#limits.fileBytes);
    const lists = text === undefined ? undefined : parseLists(text);
    if (text !== undefined && lists !== undefined) this.#hold(file, { lists, bytes: text.length });
    return lists;
  }

  put(key: ListKey, said: ServerLists): void {
    const file = this.#fileOf(key);
    const lists = this.#parts.clean(said);
    if (isDeepStrictEqual(this.get(key), lists)) return;
    const text = listsText(lists);
    if (Buffer.byteLength(text) > this.#limits.fileBytes) {
      this.#drop(file);
      this.#later(async () => {
        await rm(file, { force: true });
      });
      return;
    }
    this.#hold(file, { lists, bytes: text.length });
    this.#later(async () => {
      // What came after it was put is newer.
      if (this.#held.has(file) && this.#held.get(file)?.lists !== lists) return;
      await write(file, text);
      await this.#prune(path.dirname(file));
    });
  }

  /** Forget what servers said to a sandbox that is gone. */
  forget(sandbox: SandboxId): void {
    const directory = this.#directoryOf(sandbox);
    for (const file of this.#held.keys()) if (path.dirname(file) === directory) this.#drop(file);
    this.#later(async () => {
      await rm(directory, { recursive: true, force: true });
    });
  }

  /** Remove what belongs to no sandbox that is known. */
  async sweep(known: ReadonlySet<string>): Promise<void> {
    this.#later(async () => {
      const owners = await readdir(this.#parts.directory).catch(() => []);
      for (const owner of owners) if (owner !== "host" && !known.has(owner)) await rm(path.join(this.#parts.directory, owner), { recursive: true, force: true });
    });
    await this.#work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work;
  }

  #fileOf({ owner, server }: ListKey): string {
    const name = `${server}.json`;
    if (!FILE_NAME.test(name)) throw new Error(`"${server}" names no lists`);
    return path.join(this.#directoryOf(owner), name);
  }

  #directoryOf(owner: ListKey["owner"]): string {
    return path.join(this.#parts.directory, owner === "host" ? owner : SandboxId.parse(owner));
  }

  #hold(file: string, held: { readonly lists: ServerLists; readonly bytes: number }): void {
    this.#drop(file);
    this.#held.set(file, held);
    this.#heldBytes += held.bytes;
    for (const oldest of this.#held.keys()) {
      if (this.#heldBytes <= this.#limits.heldBytes) return;
      this.#drop(oldest);
    }
  }

  #drop(file: string): void {
    this.#heldBytes -= this.#held.get(file)?.bytes ?? 0;
    this.#held.delete(file);
  }

  #later(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch(this.#parts.onFault);
  }

  /** The oldest go, and what is none of ours: remains of a daemon that was killed while it wrote. */
  async #prune(directory: string): Promise<void> {
    const names = await readdir(directory);
    const files = await Promise.all(names.map(async (name) => ({ name, stat: await stat(path.join(directory, name)).catch(() => undefined) })));
    let bytes = 0;
    let count = 0;
    for (const { name, stat: found } of files.toSorted((one, other) => (other.stat?.mtimeMs ?? 0) - (one.stat?.mtimeMs ?? 0))) {
      bytes += found?.size ?? 0;
      count += 1;
      if (FILE_NAME.test(name) && bytes <= this.#limits.ownerBytes && count <= this.#limits.ownerFiles) continue;
      this.#drop(path.join(directory, name));
      await rm(path.join(directory, name), { recursive: true, force: true });
    }
  }
}

/** Whole or not at all. What the machine loses when it falls is read from the server again. */
async function write(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.new`;
  await rm(fresh, { force: true });
  const handle = await open(fresh, "wx", 0o600);
  try {
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
}

/** The text of an ordinary file of at most so many bytes; no link is followed, and nothing waits. */
function readOrdinary(file: string, maxBytes: number): string | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const found = fstatSync(descriptor);
    return found.isFile() && found.size <= maxBytes ? readFileSync(descriptor, "utf8") : undefined;
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
