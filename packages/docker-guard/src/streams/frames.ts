import { Transform, type Readable, type TransformCallback } from "node:stream";

const HEADER_BYTES = 8;
/** The engine writes what it read at once, at most some ten kilobytes; a line of a log may be longer. */
const MAX_PIECE_BYTES = 16 << 20;

/** A header, written anew, or a part of what stands behind it. */
interface Part {
  readonly kind: "header" | "content";
  readonly bytes: Buffer;
}

/**
 * Takes apart a stream of a process without a terminal: before each piece stands a header of eight bytes (stream 1 or 2,
 * three zeros, length). Throws at any other form.
 */
class FrameReader {
  #header = Buffer.alloc(0);
  #left = 0;

  *take(chunk: Buffer): Generator<Part> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left > 0) {
        const bytes = rest.subarray(0, this.#left);
        this.#left -= bytes.length;
        rest = rest.subarray(bytes.length);
        yield { kind: "content", bytes };
        continue;
      }
      const wanted = HEADER_BYTES - this.#header.length;
      this.#header = Buffer.concat([this.#header, rest.subarray(0, wanted)]);
      rest = rest.subarray(wanted);
      if (this.#header.length === HEADER_BYTES) yield { kind: "header", bytes: this.#begin() };
    }
  }

  end(): void {
    if (this.#left > 0 || this.#header.length > 0) throw new Error("the stream ends in the middle of a piece");
  }

  #begin(): Buffer {
    const stream = this.#header.readUInt8(0);
    const zeros = this.#header.readUIntBE(1, 3);
    const length = this.#header.readUInt32BE(4);
    if ((stream !== 1 && stream !== 2) || zeros !== 0 || length > MAX_PIECE_BYTES) throw new Error("the stream has a header of an unknown form");
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt8(stream, 0);
    header.writeUInt32BE(length, 4);
    this.#header = Buffer.alloc(0);
    this.#left = length;
    return header;
  }
}

/** Let through a stream of a process without a terminal as long as it is one. Any other form ends the stream. */
export class Frames extends Transform {
  readonly #reader = new FrameReader();

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      for (const { bytes } of this.#reader.take(chunk)) this.push(bytes);
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }

  override _flush(done: TransformCallback): void {
    try {
      this.#reader.end();
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

/** What a process without a terminal says, output and errors as they come. Rejects where the stream is none of such a process. */
export async function* contentsOf(source: Readable): AsyncGenerator<Buffer> {
  const reader = new FrameReader();
  for await (const chunk of source as AsyncIterable<Buffer>) for (const { kind, bytes } of reader.take(chunk)) if (kind === "content") yield bytes;
  reader.end();
}

/** Content types of the two forms, as newer clients tell them apart by. */
export const STREAM_TYPE = { raw: "application/vnd.docker.raw-stream", frames: "application/vnd.docker.multiplexed-stream" } as const;
