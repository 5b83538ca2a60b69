import { Writable } from "node:stream";
import { engineFailed } from "./docker-error.ts";
import type { OutputStream } from "./output-stream.ts";

const HEADER_BYTES = 8;

/**
 * Take apart the engine's one stream of a process without a terminal: before each piece of output stands a header of
 * eight bytes (which stream, three zeros, length).
 *
 * Pieces are passed on as they arrive, never gathered: at most a header is held. A slow reader of either stream holds
 * back both. A header of any other form ends the stream with `ENGINE_FAILED`.
 */
export class Demultiplexer extends Writable {
  readonly #outputs: { readonly stdout: OutputStream; readonly stderr: OutputStream };
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #left = 0;
  #output: OutputStream | undefined;

  constructor(outputs: { readonly stdout: OutputStream; readonly stderr: OutputStream }) {
    super();
    this.#outputs = outputs;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#take(chunk).then(
      () => {
        done();
      },
      (error: unknown) => {
        done(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  override _final(done: (error?: Error | null) => void): void {
    const cut = this.#left > 0 || this.#headerBytes > 0;
    done(cut ? engineFailed("deliver a process's output", "its stream ended in the middle of a piece") : null);
  }

  async #take(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left === 0) {
        rest = this.#readHeader(rest);
        continue;
      }
      const piece = rest.subarray(0, this.#left);
      rest = rest.subarray(piece.length);
      this.#left -= piece.length;
      await this.#output?.deliver(piece);
    }
  }

  #readHeader(chunk: Buffer): Buffer {
    const taken = chunk.copy(this.#header, this.#headerBytes, 0, HEADER_BYTES - this.#headerBytes);
    this.#headerBytes += taken;
    if (this.#headerBytes === HEADER_BYTES) {
      this.#headerBytes = 0;
      this.#left = this.#header.readUInt32BE(4);
      this.#output = this.#choose();
    }
    return chunk.subarray(taken);
  }

  #choose(): OutputStream {
    const kind = this.#header.readUInt32LE(0);
    if (kind === 1) return this.#outputs.stdout;
    if (kind === 2) return this.#outputs.stderr;
    throw engineFailed("deliver a process's output", "its stream has a header of an unknown form");
  }
}
