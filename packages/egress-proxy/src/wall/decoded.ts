import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";

/** A body without the coding that a server chose although none was asked for, so that it can be read and scrubbed. @throws Error for a coding that is unknown */
export function decoded(body: Readable, coding: string): AsyncIterable<Buffer> {
  const decoder = decoderOf(coding.trim().toLowerCase());
  if (decoder === undefined) return body;
  body.once("error", (error: Error) => {
    decoder.destroy(error);
  });
  return body.pipe(decoder);
}

function decoderOf(coding: string): (Readable & NodeJS.WritableStream) | undefined {
  switch (coding) {
    case "":
    case "identity":
      return undefined;
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "deflate":
      return createInflate();
    case "br":
      return createBrotliDecompress();
    case "zstd":
      return createZstdDecompress();
    default:
      throw new Error(`the coding "${coding}" is unknown`);
  }
}
