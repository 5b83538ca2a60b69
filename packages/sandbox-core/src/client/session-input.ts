import { PassThrough, Readable, type Writable } from "node:stream";

/** What a program is given on its stdin: a text, bytes, or what a stream or generator gives. */
export type InputSource = string | Uint8Array | AsyncIterable<string | Uint8Array>;

/** Longest piece that is sent at once, well below what a frame takes. */
const PIECE_BYTES = 64 << 10;

/** A source as a stream of small pieces. It errors as its source does. */
export function inputStream(source: InputSource): Readable {
  return Readable.from(piecesOf(source), { objectMode: false });
}

/** Both ends of an input that is written while the program runs. */
export function openInput(): { readonly source: Readable; readonly sink: Writable } {
  const sink = new PassThrough();
  return { source: inputStream(sink as AsyncIterable<Uint8Array>), sink };
}

async function* piecesOf(source: InputSource): AsyncGenerator<Uint8Array> {
  if (typeof source === "string" || source instanceof Uint8Array) yield* cut(source);
  else for await (const chunk of source) yield* cut(chunk);
}

function* cut(chunk: string | Uint8Array): Generator<Uint8Array> {
  const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}
