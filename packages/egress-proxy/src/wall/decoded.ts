import type { Readable } from "node:stream";
import { createGunzip, createInflate } from "node:zlib";

/**
 * A body without the coding that a server chose although none was asked for, so that it can be read and scrubbed. Only codings
 * whose decoders take little memory: those of others look back over megabytes, for each answer that a client leaves unread.
 *
 * @throws Error for another coding
 */
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
    default:
      throw new Error(`the coding "${coding}" is none that is read`);
  }
}
