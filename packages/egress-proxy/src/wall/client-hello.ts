/** Largest ClientHello that is looked at, in bytes. With post-quantum keys real ones pass 2 KiB; more than 64 KiB is nothing a client sends. */
export const MAX_HELLO_BYTES = 65_536;
/** Records that one ClientHello may be split over. */
const MAX_RECORDS = 64;
const MAX_RECORD_BYTES = 16_384;

export type HelloResult =
  /** `need`: no result is possible before so many bytes are there. */
  | { readonly kind: "incomplete"; readonly need: number }
  | { readonly kind: "invalid"; readonly why: string }
  /** `serverName` as sent, not parsed; absent when the client names none. */
  | { readonly kind: "hello"; readonly serverName: string | undefined };

class Malformed extends Error {}

/** Reads forward within bounds; a value that does not fit is `Malformed`. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  isDone(): boolean {
    return this.#at === this.#bytes.length;
  }

  uint(width: 1 | 2 | 3): number {
    return this.take(width).readUIntBE(0, width);
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Malformed("a length goes beyond its frame");
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  rest(): Buffer {
    return this.take(this.#bytes.length - this.#at);
  }

  isLongerThan(length: number): boolean {
    return this.#bytes.length > length;
  }

  /** A vector with its length before it. */
  vector(width: 1 | 2 | 3): Cursor {
    return new Cursor(this.take(this.uint(width)));
  }
}

/**
 * Whether a server may take these first bytes for a TLS handshake: kind 22 and a version below 16, which is all that some
 * look at. One byte is enough to say no.
 */
export function looksLikeTls(bytes: Buffer): boolean {
  return bytes[0] === 0x16 && (bytes[1] ?? 0) < 0x10;
}

/**
 * Understand the beginning of a TLS connection, strictly: one ClientHello, alone in its records, at most one server name.
 * Whatever is doubtful is `invalid`, because the server behind might read it differently.
 */
export function parseClientHello(bytes: Buffer): HelloResult {
  try {
    const message = joinRecords(bytes);
    if (typeof message === "number") return { kind: "incomplete", need: message };
    return { kind: "hello", serverName: serverNameOf(new Cursor(message)) };
  } catch (error) {
    if (error instanceof Malformed) return { kind: "invalid", why: `the ClientHello is malformed: ${error.message}` };
    throw error;
  }
}

/** The handshake message that the first records carry, or how many bytes are needed to know more. */
function joinRecords(bytes: Buffer): Buffer | number {
  const parts: Buffer[] = [];
  let joined = 0;
  let wanted = 4;
  let at = 0;
  for (let records = 0; joined < wanted; records += 1) {
    if (records === MAX_RECORDS) throw new Malformed(`it is split over more than ${MAX_RECORDS} records`);
    checkPrefix(bytes.subarray(at, at + 3));
    if (bytes.length < at + 5) return at + 5 + Math.max(1, wanted - joined);
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > MAX_RECORD_BYTES) throw new Malformed(`a record of ${length} bytes`);
    const part = bytes.subarray(at + 5, at + 5 + length);
    parts.push(part);
    joined += part.length;
    at += 5 + length;
    if (wanted === 4) wanted = messageLength(parts);
    if (wanted > MAX_HELLO_BYTES) throw new Malformed(`it is larger than ${MAX_HELLO_BYTES} bytes`);
    if (joined > wanted) throw new Malformed("something follows it in its record");
    if (part.length < length) return at;
  }
  return Buffer.concat(parts);
}

function checkPrefix(prefix: Buffer): void {
  if (prefix.length > 0 && prefix[0] !== 0x16) throw new Malformed("a record is no handshake");
  if (prefix.length > 1 && prefix[1] !== 0x03) throw new Malformed("a record is of no TLS version");
  if (prefix.length > 2 && (prefix[2] ?? 0) > 4) throw new Malformed("a record is of no TLS version");
}

/** Length of the whole handshake message as far as its first four bytes tell; 4 until then. */
function messageLength(parts: readonly Buffer[]): number {
  const start = Buffer.concat(parts).subarray(0, 4);
  if (start.length > 0 && start[0] !== 1) throw new Malformed("the first message is no ClientHello");
  return start.length < 4 ? 4 : 4 + start.readUIntBE(1, 3);
}

function serverNameOf(message: Cursor): string | undefined {
  message.take(4);
  message.take(2 + 32);
  if (message.vector(1).isLongerThan(32)) throw new Malformed("a session id of more than 32 bytes");
  message.vector(2);
  message.vector(1);
  if (message.isDone()) return undefined;
  const extensions = message.vector(2);
  if (!message.isDone()) throw new Malformed("something follows its extensions");
  let name: string | undefined;
  while (!extensions.isDone()) {
    const type = extensions.uint(2);
    const body = extensions.vector(2);
    if (type !== 0) continue;
    if (name !== undefined) throw new Malformed("two server names");
    name = readServerName(body);
  }
  return name;
}

function readServerName(body: Cursor): string {
  const list = body.vector(2);
  if (!body.isDone()) throw new Malformed("something follows the server name");
  if (list.uint(1) !== 0) throw new Malformed("a server name of unknown type");
  const name = list.vector(2).rest();
  if (!list.isDone()) throw new Malformed("two server names");
  if (name.length === 0 || name.some((byte) => byte < 0x21 || byte > 0x7e)) throw new Malformed("a server name of other than ASCII letters");
  return name.toString("latin1");
}
