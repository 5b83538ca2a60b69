import { open, mkdir, type FileHandle } from "node:fs/promises";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { crc32 } from "node:zlib";

/** First two numbers of the addresses that stand for names, RFC 2544's own range that no network routes. */
const NETWORK = "198.18";
/** Offsets 1 to 65534: neither the network's own address nor its broadcast. */
const FIRST = 1;
const LAST = 65_534;
/** Two copies, so that one that is lost or damaged takes no name with it. */
const COPIES = ["names.1", "names.2"] as const;
/** First line of a copy; a file without it lost its beginning, and perhaps more. */
const HEADER = "sbx names 1";

/** Gives each name one address for as long as the sandbox lives, on disk before anybody learns it. */
export interface NameTable extends AsyncDisposable {
  /** The name's address; `undefined` when all addresses are given away. Rejects when it could not be written down. */
  addressFor(name: string): Promise<string | undefined>;
  /** Whether the name has an address already, so that asking costs nothing. */
  has(name: string): boolean;
  /** The name behind an address that was given out. */
  nameOf(address: string): string | undefined;
  readonly size: number;
}

interface Copy {
  readonly file: FileHandle;
  /** Where the next line goes: after the last good one. What a failed write left behind is overwritten. */
  end: number;
}

/**
 * Open the table in `directory`, made if it is not there.
 *
 * `mustExist` says that addresses are out there which this table must know: `undefined` is given when both copies are
 * gone or damaged, because a new table could give an address that a process still holds to another name.
 */
export async function openNameTable(directory: string, { mustExist = false }: { readonly mustExist?: boolean } = {}): Promise<NameTable | undefined> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const read = await Promise.all(COPIES.map((name) => readCopy(join(directory, name))));
  const whole = read.filter(({ state }) => state === "whole");
  if (mustExist && whole.length === 0) {
    await Promise.all(read.map(({ file }) => file.close()));
    return undefined;
  }
  const { byOffset, burned } = merge(read.map(({ entries }) => entries));
  const copies = await Promise.all(read.map(({ file }) => rewrite(file, byOffset)));
  await syncDirectory(directory);
  return new DiskNameTable(copies, byOffset, burned);
}

class DiskNameTable implements NameTable {
  readonly #copies: readonly Copy[];
  readonly #byOffset: Map<number, string>;
  readonly #byName = new Map<string, string>();
  readonly #taken: Set<number>;
  readonly #coming = new Map<string, Promise<string | undefined>>();
  #queue: { readonly line: Buffer; readonly settle: (error?: unknown) => void }[] = [];
  #writing: Promise<void> | undefined;
  #next: number;

  constructor(copies: readonly Copy[], byOffset: Map<number, string>, burned: ReadonlySet<number>) {
    this.#copies = copies;
    this.#byOffset = byOffset;
    this.#taken = new Set([...byOffset.keys(), ...burned]);
    for (const [offset, name] of byOffset) this.#byName.set(name, addressAt(offset));
    // A table that begins anew begins elsewhere: an address somebody kept is then most likely nobody's.
    this.#next = this.#taken.size === 0 ? randomInt(FIRST, LAST + 1) : Math.max(...this.#taken) + 1;
  }

  get size(): number {
    return this.#byName.size;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  nameOf(address: string): string | undefined {
    const offset = offsetOf(address);
    return offset === undefined ? undefined : this.#byOffset.get(offset);
  }

  async addressFor(name: string): Promise<string | undefined> {
    const known = this.#byName.get(name) ?? this.#coming.get(name);
    if (known !== undefined) return known;
    const added = this.#add(name).finally(() => this.#coming.delete(name));
    this.#coming.set(name, added);
    return added;
  }

  async #add(name: string): Promise<string | undefined> {
    const offset = this.#freeOffset();
    if (offset === undefined) return undefined;
    // Taken for good, also when the write fails: part of it may be on disk.
    this.#taken.add(offset);
    await this.#write(lineOf(offset, name));
    this.#byOffset.set(offset, name);
    this.#byName.set(name, addressAt(offset));
    return addressAt(offset);
  }

  #freeOffset(): number | undefined {
    if (this.#taken.size > LAST - FIRST) return undefined;
    let offset = this.#next;
    while (offset > LAST || this.#taken.has(offset)) offset = offset >= LAST ? FIRST : offset + 1;
    this.#next = offset + 1;
    return offset;
  }

  /** Resolves when both copies have the line on disk. Lines that come while others are written go together. */
  #write(line: Buffer): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#queue.push({ line, settle: (error) => (error === undefined ? resolve() : reject(error)) });
    this.#writing ??= this.#drain().finally(() => (this.#writing = undefined));
    return promise;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      const lines = Buffer.concat(batch.map(({ line }) => line));
      const results = await Promise.allSettled(this.#copies.map((copy) => append(copy, lines)));
      const failed = results.find((result) => result.status === "rejected");
      for (const { settle } of batch) settle(failed?.reason);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
    await Promise.all(this.#copies.map(({ file }) => file.close()));
  }
}

async function append(copy: Copy, lines: Buffer): Promise<void> {
  const { bytesWritten } = await copy.file.write(lines, 0, lines.byteLength, copy.end);
  if (bytesWritten !== lines.byteLength) throw new Error("a name could not be written down whole");
  await copy.file.datasync();
  copy.end += bytesWritten;
}

/** "offset name checksum". */
function lineOf(offset: number, name: string): Buffer {
  const text = `${offset} ${name}`;
  return Buffer.from(`${text} ${crc32(text).toString(16)}\n`);
}

function parseLine(line: string): readonly [number, string] | undefined {
  const [offset = "", name = "", ...rest] = line.split(" ");
  const number = Number(offset);
  if (rest.length !== 1 || !Number.isInteger(number) || number < FIRST || number > LAST) return undefined;
  return lineOf(number, name).toString() === `${line}\n` ? [number, name] : undefined;
}

type Entries = readonly (readonly [number, string])[];

/** `torn`: only its last line is unfinished, whose answer was never sent; that is whole. */
async function readCopy(path: string): Promise<{ readonly file: FileHandle; readonly state: "missing" | "damaged" | "whole"; readonly entries: Entries }> {
  const { file, made } = await openOrMake(path);
  const text = await file.readFile("utf8");
  const lines = text.split("\n");
  const entries: (readonly [number, string])[] = [];
  let damaged = lines.length < 2 || lines[0] !== HEADER;
  for (const line of lines.slice(1, -1)) {
    const entry = parseLine(line);
    if (entry === undefined) damaged = true;
    else entries.push(entry);
  }
  return { file, state: made ? "missing" : damaged ? "damaged" : "whole", entries };
}

async function openOrMake(path: string): Promise<{ readonly file: FileHandle; readonly made: boolean }> {
  try {
    return { file: await open(path, "r+"), made: false };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    return { file: await open(path, "wx+", 0o600), made: true };
  }
}

/** Everything that any copy knows. Where they contradict each other the address is nobody's for ever. */
function merge(copies: readonly Entries[]): { readonly byOffset: Map<number, string>; readonly burned: ReadonlySet<number> } {
  const byOffset = new Map<number, string>();
  const burned = new Set<number>();
  for (const [offset, name] of copies.flat()) {
    const other = byOffset.get(offset);
    if (other === undefined) byOffset.set(offset, name);
    else if (other !== name) burned.add(offset);
  }
  for (const offset of burned) byOffset.delete(offset);
  return { byOffset, burned };
}

/** Bring a copy to what is known. It grows or is corrected in place; no moment loses a line that both have. */
async function rewrite(file: FileHandle, byOffset: ReadonlyMap<number, string>): Promise<Copy> {
  const lines = Buffer.concat([Buffer.from(`${HEADER}\n`), ...[...byOffset].map(([offset, name]) => lineOf(offset, name))]);
  const current = await file.read(Buffer.alloc(lines.byteLength), 0, lines.byteLength, 0);
  if (current.bytesRead !== lines.byteLength || !current.buffer.equals(lines)) await file.write(lines, 0, lines.byteLength, 0);
  await file.truncate(lines.byteLength);
  await file.sync();
  return { file, end: lines.byteLength };
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function addressAt(offset: number): string {
  return `${NETWORK}.${offset >> 8}.${offset & 255}`;
}

function offsetOf(address: string): number | undefined {
  const [one, two, three, four] = address.split(".");
  return `${one}.${two}` === NETWORK ? (Number(three) << 8) | Number(four) : undefined;
}
