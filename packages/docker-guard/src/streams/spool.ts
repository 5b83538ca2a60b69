import { createHash } from "node:crypto";
import { mkdtemp, open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { Refusal } from "../refusal.ts";
import { giveBack } from "./give-back.ts";

/** Bytes that lie in a spool. */
export interface Piece {
  readonly offset: number;
  readonly size: number;
  /** SHA-256 in hex. */
  readonly hash: string;
}

/** Longest read at once. */
const CHUNK_BYTES = 1 << 20;

/**
 * A place on disk for what a client sends, until it was understood whole: one file without a name, which goes with the
 * process. Nothing is unpacked, so no path of a client's ever meets the host's file system.
 */
export class Spool implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #limitBytes: number;
  #end = 0;

  private constructor(file: FileHandle, limitBytes: number) {
    this.#file = file;
    this.#limitBytes = limitBytes;
  }

  /** @param directory where it lies, which has to be there */
  static async open(directory: string, limitBytes: number): Promise<Spool> {
    const place = await mkdtemp(join(directory, "sbx-spool-"));
    try {
      return new Spool(await open(join(place, "data"), "wx+", 0o600), limitBytes);
    } finally {
      await rm(place, { recursive: true });
    }
  }

  /** Keep a stream, whose pieces nobody else has; one at a time. @throws Refusal 413 when there is no room */
  async append(source: AsyncIterable<unknown>): Promise<Piece> {
    const offset = this.#end;
    const hash = createHash("sha256");
    for await (const bytes of source as AsyncIterable<Buffer>) {
      if (this.#end + bytes.length > this.#limitBytes)
        throw new Refusal(413, `what is sent has more than ${Math.floor(this.#limitBytes / 2 ** 20)} MiB, which is the most that this sandbox may send or still keep; remove images`);
      // The disk has its time while the piece is counted in.
      const written = this.#write(bytes);
      hash.update(bytes);
      await written;
      giveBack(bytes);
    }
    return { offset, size: this.#end - offset, hash: hash.digest("hex") };
  }

  read(piece: Pick<Piece, "offset" | "size">): Readable {
    return Readable.from(this.#chunks(piece));
  }

  /** A small piece whole. */
  async bytes(piece: Pick<Piece, "offset" | "size">): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.#chunks(piece)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #write(bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, this.#end);
      written += bytesWritten;
      this.#end += bytesWritten;
    }
  }

  async *#chunks({ offset, size }: Pick<Piece, "offset" | "size">): AsyncGenerator<Buffer> {
    for (let at = 0; at < size;) {
      const length = Math.min(CHUNK_BYTES, size - at);
      const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafe(length), 0, length, offset + at);
      if (bytesRead === 0) throw new Error("a spool is shorter than what was put into it");
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}
