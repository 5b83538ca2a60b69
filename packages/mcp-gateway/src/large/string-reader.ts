import { JsonRefused } from "@sbx/contracts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_PLAIN = 0x20;
const ESCAPES: ReadonlyMap<number, string> = new Map(Object.entries({ '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }).map(([sign, text]) => [sign.charCodeAt(0), text]));
const UNICODE = 0x75;
const HEX_DIGITS = 4;

/** Reads one text of JSON as its bytes come, and gives it away in pieces once it has more than `pieceCharacters`. */
export class StringReader {
  readonly #pieceCharacters: number;
  readonly #onPiece: (piece: string) => void;
  #decoder = newDecoder();
  /** A text that grows by single signs is kept by the engine as one more object for each: they are joined once. */
  readonly #parts: string[] = [];
  #characters = 0;
  /** Of an escape that has begun: what was read of it after the backslash. */
  #escape: string | undefined;
  #ended = false;
  /** Whether the last byte may be of a character that is not whole yet. */
  #isOpen = false;

  constructor(pieceCharacters: number, onPiece: (piece: string) => void) {
    this.#pieceCharacters = pieceCharacters;
    this.#onPiece = onPiece;
  }

  get ended(): boolean {
    return this.#ended;
  }

  begin(): void {
    this.#decoder = newDecoder();
    this.take();
    this.#escape = undefined;
    this.#ended = false;
  }

  /** What was not given away as a piece. */
  take(): string {
    const text = this.#parts.join("");
    this.#parts.length = 0;
    this.#characters = 0;
    return text;
  }

  /** Take bytes from a place on; gives the place after those that were taken. @throws JsonRefused */
  push(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length && !this.#ended) {
      if (this.#escape !== undefined) {
        this.#takeEscape(this.#escape, chunk[at] ?? 0);
        at += 1;
        continue;
      }
      const end = endOfPlain(chunk, at);
      if (end > at) this.#decode(chunk.subarray(at, end), true);
      at = end;
      if (at < chunk.length) {
        this.#takeSign(chunk[at] ?? 0);
        at += 1;
      }
    }
    return at;
  }

  #takeSign(byte: number): void {
    if (byte < FIRST_PLAIN) throw new JsonRefused("not valid JSON");
    // A character that is not whole may not be followed by a sign.
    if (this.#isOpen) this.#decode(new Uint8Array(), false);
    if (byte === QUOTE) this.#ended = true;
    else this.#escape = "";
  }

  #takeEscape(read: string, byte: number): void {
    if (read === "" && byte !== UNICODE) {
      const text = ESCAPES.get(byte);
      if (text === undefined) throw new JsonRefused("not valid JSON");
      this.#add(text);
      this.#escape = undefined;
      return;
    }
    if (read !== "" && !isHexDigit(byte)) throw new JsonRefused("not valid JSON");
    const more = read + String.fromCharCode(byte);
    this.#escape = more.length > HEX_DIGITS ? undefined : more;
    if (more.length > HEX_DIGITS) this.#add(String.fromCharCode(Number.parseInt(more.slice(1), 16)));
  }

  #decode(bytes: Uint8Array, stream: boolean): void {
    this.#isOpen = stream && (bytes.at(-1) ?? 0) >= 0x80;
    let text: string;
    try {
      text = this.#decoder.decode(bytes, { stream });
    } catch {
      throw new JsonRefused("not valid UTF-8");
    }
    this.#add(text);
  }

  #add(text: string): void {
    this.#parts.push(text);
    this.#characters += text.length;
    if (this.#characters > this.#pieceCharacters) this.#onPiece(this.take());
  }
}

function newDecoder(): InstanceType<typeof TextDecoder> {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
}

function endOfPlain(chunk: Uint8Array, from: number): number {
  let at = from;
  for (; at < chunk.length; at += 1) {
    const byte = chunk[at] ?? 0;
    if (byte === QUOTE || byte === BACKSLASH || byte < FIRST_PLAIN) break;
  }
  return at;
}

function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66) || (byte >= 0x41 && byte <= 0x46);
}
