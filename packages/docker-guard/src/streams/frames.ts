import { Transform, type TransformCallback } from "node:stream";

const HEADER_BYTES = 8;
/** The engine writes what it read at once, at most some ten kilobytes; a line of a log may be longer. */
const MAX_PIECE_BYTES = 16 << 20;

/**
 * Let through a stream of a process without a terminal as long as it is one: before each piece stands a header of eight
 * bytes (stream 1 or 2, three zeros, length). The headers are written anew. Any other form ends the stream.
 */
export class Frames extends Transform {
  #header = Buffer.alloc(0);
  #left = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#take(chunk);
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }

  override _flush(done: TransformCallback): void {
    done(this.#left > 0 || this.#header.length > 0 ? new Error("the stream ends in the middle of a piece") : null);
  }

  #take(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left > 0) {
        const piece = rest.subarray(0, this.#left);
        this.#left -= piece.length;
        rest = rest.subarray(piece.length);
        this.push(piece);
        continue;
      }
      const wanted = HEADER_BYTES - this.#header.length;
      this.#header = Buffer.concat([this.#header, rest.subarray(0, wanted)]);
      rest = rest.subarray(wanted);
      if (this.#header.length === HEADER_BYTES) this.#begin();
    }
  }

  #begin(): void {
    const stream = this.#header.readUInt8(0);
    const zeros = this.#header.readUIntBE(1, 3);
    const length = this.#header.readUInt32BE(4);
    if ((stream !== 1 && stream !== 2) || zeros !== 0 || length > MAX_PIECE_BYTES) throw new Error("the stream has a header of an unknown form");
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt8(stream, 0);
    header.writeUInt32BE(length, 4);
    this.push(header);
    this.#header = Buffer.alloc(0);
    this.#left = length;
  }
}

/** Content types of the two forms, as newer clients tell them apart by. */
export const STREAM_TYPE = { raw: "application/vnd.docker.raw-stream", frames: "application/vnd.docker.multiplexed-stream" } as const;
