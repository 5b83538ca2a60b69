import { randomBytes } from "node:crypto";
import { mkdir, open, unlink, type FileHandle } from "node:fs/promises";
import path from "node:path";
import type { ByteBudget } from "../byte-budget.ts";

/** A text that was put aside, piece by piece. */
export interface SpooledPieces {
  readonly characters: number;
  read(): AsyncIterable<string>;
}

interface Piece {
  readonly at: number;
  readonly bytes: number;
  /** UTF-8 has no form for half a character, which JSON may have. */
  readonly encoding: "utf8" | "utf16le";
}

/** Memory that one reader reads into again and again. */
interface Scratch {
  buffer: Buffer;
}

/** Pieces are put aside in about this many characters: small enough to be cheap garbage. */
export const PIECE_CHARACTERS = 32 * 1024;

/**
 * Where the large texts of one message are put aside: a file without a name, which goes with its handle. Writing is in the
 * background; what waits for it is told by {@link waiting}.
 *
 * Disposing lets go of it; what reads from it fails then.
 */
export class Spool implements AsyncDisposable {
  readonly #directory: string;
  readonly #budget: ByteBudget;
  #file: Promise<FileHandle> | undefined;
  #written: Promise<void> = Promise.resolve();
  #end = 0;
  #waiting = 0;
  #characters = 0;
  #closed = false;
  #scratch = Buffer.alloc(0);

  /** `budget` is what files may have, in bytes. */
  constructor(directory: string, budget: ByteBudget) {
    this.#directory = directory;
    this.#budget = budget;
  }

  /** Bytes that are not in the file yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Characters of all its texts. */
  get characters(): number {
    return this.#characters;
  }

  /** Resolves when all that was put aside so far is in the file. */
  async settled(): Promise<void> {
    await this.#written;
  }

  /** Begin a text. */
  begin(): SpooledText {
    return new SpooledText({
      append: (text) => this.#append(text),
      read: async (piece, scratch) => await this.#read(piece, scratch),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#written.catch(() => undefined);
    const file = await this.#file?.catch(() => undefined);
    await file?.close();
    this.#budget.give(this.#end);
  }

  /** @throws Error for more than may be put aside */
  #append(text: string): Piece {
    const encoding = text.isWellFormed() ? "utf8" : "utf16le";
    const piece: Piece = { at: this.#end, bytes: Buffer.byteLength(text, encoding), encoding };
    if (this.#closed || !this.#budget.take(piece.bytes)) throw new Error("more is put aside than may be");
    this.#end += piece.bytes;
    this.#characters += text.length;
    this.#waiting += piece.bytes;
    this.#file ??= openNameless(this.#directory);
    const file = this.#file;
    this.#written = this.#written.then(async () => {
      // One after the other, so that one piece of memory does for all.
      if (this.#scratch.length < piece.bytes) this.#scratch = Buffer.allocUnsafeSlow(piece.bytes);
      this.#scratch.write(text, encoding);
      await writeAll(await file, this.#scratch.subarray(0, piece.bytes), piece.at);
      this.#waiting -= piece.bytes;
    });
    // Told to whoever reads or waits.
    this.#written.catch(() => undefined);
    return piece;
  }

  async #read({ at, bytes, encoding }: Piece, scratch: Scratch): Promise<string> {
    await this.#written;
    const file = await this.#file;
    if (file === undefined || this.#closed) throw new Error("the text was let go");
    if (scratch.buffer.length < bytes) scratch.buffer = Buffer.allocUnsafeSlow(bytes);
    const { buffer } = scratch;
    for (let done = 0; done < bytes;) {
      const { bytesRead } = await file.read(buffer, done, bytes - done, at + done);
      if (bytesRead === 0) throw new Error("the text is not whole");
      done += bytesRead;
    }
    return buffer.toString(encoding, 0, bytes);
  }
}

/** A text that is being put aside. */
export class SpooledText implements SpooledPieces {
  readonly #means: { readonly append: (text: string) => Piece; readonly read: (piece: Piece, scratch: Scratch) => Promise<string> };
  readonly #pieces: Piece[] = [];
  #characters = 0;

  constructor(means: { readonly append: (text: string) => Piece; readonly read: (piece: Piece, scratch: Scratch) => Promise<string> }) {
    this.#means = means;
  }

  get characters(): number {
    return this.#characters;
  }

  /** @throws Error for more than may be put aside */
  append(text: string): void {
    this.#pieces.push(this.#means.append(text));
    this.#characters += text.length;
  }

  async *read(): AsyncGenerator<string, void, undefined> {
    const scratch: Scratch = { buffer: Buffer.alloc(0) };
    for (const piece of this.#pieces) yield await this.#means.read(piece, scratch);
  }
}

async function openNameless(directory: string): Promise<FileHandle> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const name = path.join(directory, `message-${randomBytes(12).toString("hex")}`);
  const file = await open(name, "wx+", 0o600);
  await unlink(name);
  return file;
}

async function writeAll(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}
