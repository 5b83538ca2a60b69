import type { Socket } from "node:net";
import { HeldPieces } from "@sbx/contracts";

/** Longest first line that is waited for, in bytes: beyond what servers of HTTP take. */
const MAX_LINE = 131_072;
/** Longer than any method of HTTP. */
const MAX_METHOD = 256;
const [LF, CR, SPACE] = [0x0a, 0x0d, 0x20];
/** What servers take for a space between words: some split a line at whatever counts as white in Latin 1. */
const BLANKS: ReadonlySet<number> = new Set([SPACE, 0x09, 0x0b, 0x0c, 0x1c, 0x1d, 0x1e, 0x1f, 0x85, 0xa0]);
const METHOD_CHARACTERS = new Set(Buffer.from("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"));
const REQUEST_LINE = /^[^ ]+ .* HTTP\/\d+(?:\.\d+)? *$/is;
/** A request as it was before there were versions, after which a lenient server may read on. */
const OLD_REQUEST_LINE = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE) +(?:\/|\*$|https?:\/\/)/i;
/** How a client begins HTTP/2 without TLS, of which nothing more is read here. */
const HTTP2 = /^PRI \* HTTP\/2\.0$/;

/** What a client's first line is: `unclear` until it has ended, `http` for a request of HTTP/1, `other` for all else. */
export type LineKind = "unclear" | "http" | "other";

/**
 * Looks at the first line that a client sends, each byte once. Empty lines and blanks before a request are part of it, because
 * servers pass over them. A beginning that never ends counts as HTTP, which then refuses it.
 */
export class FirstLine {
  readonly #held = new HeldPieces();
  #size = 0;
  #begin = 0;
  #method = 0;
  #part: "blank" | "method" | "rest" = "blank";

  push(chunk: Buffer): LineKind {
    this.#held.push(chunk);
    for (const [at, byte] of chunk.entries()) {
      const kind = this.#take(byte, this.#size + at);
      if (kind !== "unclear") return kind;
    }
    this.#size += chunk.length;
    return this.#size > MAX_LINE ? "http" : "unclear";
  }

  /** All that was pushed. */
  bytes(): Buffer {
    return this.#held.look();
  }

  #take(byte: number, at: number): LineKind {
    const ends = byte === CR || byte === LF;
    if (this.#part === "blank") {
      if (ends || BLANKS.has(byte)) return "unclear";
      this.#part = "method";
      this.#begin = at;
    }
    if (this.#part === "rest") return ends ? kindOf(this.bytes().subarray(this.#begin, at)) : byte === 0 ? "other" : "unclear";
    if (BLANKS.has(byte)) this.#part = "rest";
    else if (METHOD_CHARACTERS.has(byte) && this.#method < MAX_METHOD) this.#method += 1;
    else return "other";
    return "unclear";
  }
}

function kindOf(bytes: Buffer): LineKind {
  const line = Buffer.from(bytes.map((byte) => (BLANKS.has(byte) ? SPACE : byte))).toString("latin1");
  return (REQUEST_LINE.test(line) && !HTTP2.test(line)) || OLD_REQUEST_LINE.test(line) ? "http" : "other";
}

/** `rest`: what has yet to be sent; `bytes`: all that the client said, none of it a whole line that was sent. */
export type FirstLineRead = { readonly kind: "other"; readonly rest: Buffer } | { readonly kind: "http"; readonly bytes: Buffer };

/**
 * Pass what a client says first on as it comes and as the server takes it, until it is clear whether it is a request of HTTP/1: the
 * end of a line that may be one is kept back, so that no server has begun with it. `head` was read already. The client is left paused.
 */
export async function passFirstLine(client: Socket, upstream: Socket, head: Buffer): Promise<FirstLineRead> {
  const line = new FirstLine();
  const { promise, resolve } = Promise.withResolvers<FirstLineRead>();
  const take = (chunk: Buffer): void => {
    const kind = line.push(chunk);
    if (kind !== "unclear") {
      client.pause();
      resolve(kind === "http" ? { kind, bytes: line.bytes() } : { kind, rest: chunk });
    } else if (!upstream.write(chunk)) client.pause();
  };
  const end = (): void => {
    resolve({ kind: "other", rest: Buffer.alloc(0) });
  };
  const goOn = (): void => {
    client.resume();
  };
  take(head);
  if (client.readableEnded) end();
  client.on("data", take);
  client.once("end", end);
  client.once("close", end);
  upstream.on("drain", goOn);
  if (!upstream.writableNeedDrain) goOn();
  try {
    return await promise;
  } finally {
    client.pause();
    client.off("data", take);
    client.off("end", end);
    client.off("close", end);
    upstream.off("drain", goOn);
  }
}
