const BLOCK_BYTES = 512;
/** The longest path of the kernel. */
const MAX_NAME = 4096;
/** Names, times and attributes of the one entry that follows. */
const MAX_EXTENDED_BYTES = 64 << 10;
/** What stands for all entries is brought into the words of each: what a program says of itself fits. */
const MAX_GLOBAL_BYTES = 4 << 10;
const MAX_TOGETHER_BYTES = 64 << 20;
/** Kinds of extended header, and the bytes that one may have. All others are entries. */
const EXTENDED = new Map([
  ["x", MAX_EXTENDED_BYTES],
  ["g", MAX_GLOBAL_BYTES],
  ["L", MAX_NAME + 1],
  ["N", MAX_NAME + 1],
  ["K", MAX_NAME + 1],
]);
const DIRECTORY = "5";
const EMPTY = Buffer.alloc(BLOCK_BYTES);
/** Where a header has the sum of its bytes, which does not count when it is empty. */
const SUM = { from: 148, to: 156 } as const;

/** A tar with headers that nobody has to read: `form` for what could be read in two ways, `size` for what costs too much. */
export class UnfitTar extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "UnfitTar" });
  }

  readonly reason: "form" | "size";

  constructor(reason: "form" | "size", message: string) {
    super(message);
    this.reason = reason;
  }
}

/** What the headers of a tar may have. */
export interface TarHeaderLimits {
  /** Extended headers and empty blocks together; 64 MiB unless said. */
  readonly togetherBytes?: number;
}

/** Looks at the headers among the bytes of a tar, and refuses those that cost too much, or that could be read in two ways. */
export class TarHeaders {
  readonly #most: number;
  #room = Buffer.alloc(BLOCK_BYTES);
  #have = 0;
  #then: (bytes: Buffer) => void = (block) => this.#takeHeader(block);
  #skip = 0;
  #together = 0;
  readonly #sizes: { next?: number | undefined; ofAll?: number | undefined } = {};

  constructor({ togetherBytes = MAX_TOGETHER_BYTES }: TarHeaderLimits = {}) {
    this.#most = togetherBytes;
  }

  /** Look at the bytes that come next. @throws UnfitTar */
  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      const skipped = Math.min(this.#skip, bytes.length - at);
      this.#skip -= skipped;
      at += skipped;
      const copied = bytes.copy(this.#room, this.#have, at);
      this.#have += copied;
      at += copied;
      if (this.#have < this.#room.length) return;
      this.#then(this.#room);
    }
  }

  #expect(size: number, then: (bytes: Buffer) => void): void {
    this.#room = Buffer.alloc(size);
    this.#have = 0;
    this.#then = then;
  }

  #takeHeader(block: Buffer): void {
    this.#expect(BLOCK_BYTES, (next) => this.#takeHeader(next));
    if (isEmpty(block)) return this.#count(BLOCK_BYTES);
    const kind = String.fromCharCode(block[156] ?? 0);
    const stated = sizeIn(block.subarray(124, 136));
    const most = EXTENDED.get(kind);
    if (most === undefined) {
      const size = kind === DIRECTORY ? 0 : (this.#sizes.next ?? stated);
      this.#sizes.next = undefined;
      this.#skip = size + paddingOf(size);
      return;
    }
    if (stated === 0 || stated > most) throw new UnfitTar("size", "a name or an extended header of the tar is too long, or empty");
    this.#count(stated);
    this.#expect(stated, (content) => {
      this.#expect(BLOCK_BYTES, (next) => this.#takeHeader(next));
      this.#skip = paddingOf(stated);
      if (kind === "x") this.#sizes.next = readRecords(content) ?? this.#sizes.ofAll;
      if (kind === "g") this.#sizes.ofAll = readRecords(content);
    });
  }

  #count(bytes: number): void {
    this.#together += bytes;
    if (this.#together > this.#most) throw new UnfitTar("size", `the tar has more than ${this.#most >> 20} MiB of extended headers and empty blocks`);
  }
}

/** Pass the bytes of a tar on, each after its headers were looked at. @throws UnfitTar before a piece goes on that has such a header */
export async function* checkTarHeaders(tar: AsyncIterable<Buffer>, limits?: TarHeaderLimits): AsyncGenerator<Buffer, void, undefined> {
  const headers = new TarHeaders(limits);
  for await (const bytes of tar) {
    headers.push(bytes);
    yield bytes;
  }
}

function isEmpty(block: Buffer): boolean {
  return block.subarray(0, SUM.from).equals(EMPTY.subarray(0, SUM.from)) && block.subarray(SUM.to).equals(EMPTY.subarray(SUM.to));
}

function paddingOf(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

/** A size: digits in octal, or a number of eleven bytes after one that says so. */
function sizeIn(field: Buffer): number {
  if (field[0] === 0x80) {
    const size = Number(BigInt(`0x${field.subarray(1).toString("hex")}`));
    if (Number.isSafeInteger(size)) return size;
  }
  const octal = /^ *\0*([0-7]*)(?:[ \0][^]*)?$/.exec(field.toString("latin1"))?.[1];
  if (octal === undefined) throw new UnfitTar("form", "the files are no plain tar: an entry has no size");
  return octal === "" ? 0 : Number.parseInt(octal, 8);
}

/** Read the records of an extended header ("LENGTH KEY=VALUE" and a line's end each): the size that they give, if they give one. */
function readRecords(bytes: Buffer): number | undefined {
  let size: number | undefined;
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(" ", at);
    const written = bytes.toString("latin1", at, Math.min(space, at + 8));
    const end = at + Number(written);
    const equals = bytes.indexOf("=", space);
    if (!/^[1-9][0-9]{0,5}$/.test(written) || end > bytes.length || bytes[end - 1] !== 0x0a || equals === -1 || equals >= end)
      throw new UnfitTar("form", "the files are no plain tar: an extended header is none");
    const key = bytes.toString("latin1", space + 1, equals);
    const length = end - 1 - (equals + 1);
    if ((key === "path" || key === "linkpath") && length > MAX_NAME) throw new UnfitTar("size", "a name in the tar is too long");
    if (key === "size") size = statedSize(bytes.toString("latin1", equals + 1, end - 1));
    at = end;
  }
  return size;
}

function statedSize(written: string): number {
  if (!/^[0-9]{1,15}$/.test(written)) throw new UnfitTar("form", "the files are no plain tar: an entry has no size");
  return Number(written);
}
