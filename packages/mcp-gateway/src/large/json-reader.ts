import { JsonRefused } from "@sbx/contracts";
import type { Json } from "../jsonrpc/json.ts";
import { LargeText } from "./large-text.ts";
import { PIECE_CHARACTERS, type Spool, type SpooledText } from "./spool.ts";
import { StringReader } from "./string-reader.ts";

/** What one document may be. */
export interface ReaderLimits {
  readonly depth: number;
  /** Told how much is held of it, roughly: characters of names and small texts, and a little for each value. Throws when that is too much. */
  readonly hold: (bytes: number) => void;
}

const VALUE_BYTES = 64;
const MAX_NUMBER = 400;
const MAX_NAME = 64 * 1024;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const WORDS: ReadonlyMap<string, Json> = new Map<string, Json>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const SIGN = { quote: 0x22, comma: 0x2c, colon: 0x3a, openBrace: 0x7b, closeBrace: 0x7d, openBracket: 0x5b, closeBracket: 0x5d } as const;

type Frame = { readonly kind: "list"; readonly items: Json[] } | { readonly kind: "object"; readonly members: Map<string, Json>; name: string };

/** What may come next: a value; a value or the end of a fresh list; a name; a name or the end of a fresh object; a colon; what stands after a value. */
type Expected = "value" | "first-item" | "name" | "first-name" | "colon" | "after" | "nothing";

/**
 * Reads one document of JSON as its bytes come, and holds no large text of it: those go to the spool, and a
 * {@link LargeText} stands in their place. As strict as `parseJson`, and more: bytes are UTF-8, numbers have an end and a value.
 */
export class JsonReader {
  readonly #limits: ReaderLimits;
  readonly #spool: Spool;
  readonly #frames: Frame[] = [];
  readonly #string: StringReader;
  #expected: Expected = "value";
  #inString = false;
  /** A number or word that has begun. */
  #token = "";
  #text: SpooledText | undefined;
  #held = 0;
  #whole: Json | undefined;

  constructor(spool: Spool, limits: ReaderLimits) {
    this.#spool = spool;
    this.#limits = limits;
    this.#string = new StringReader(PIECE_CHARACTERS, (piece) => {
      this.#putAside(piece);
    });
  }

  /** Take more bytes. @throws JsonRefused when it can be no document any more; Error when no more can be put aside */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#inString) {
        at = this.#string.push(chunk, at);
        if (this.#string.ended) this.#endString();
      } else at = this.#takeSign(chunk, at);
    }
  }

  /** The document has ended. @throws JsonRefused for one that is not whole */
  end(): Json {
    if (this.#token !== "") this.#endToken();
    if (this.#inString || this.#expected !== "nothing" || this.#whole === undefined) throw new JsonRefused("not valid JSON");
    return this.#whole;
  }

  #takeSign(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] ?? 0;
    if (isTokenByte(byte)) {
      if (this.#token.length >= MAX_NUMBER) throw new JsonRefused("a number has too many digits");
      this.#token += String.fromCharCode(byte);
      return at + 1;
    }
    if (this.#token !== "") this.#endToken();
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) this.#structure(byte);
    return at + 1;
  }

  #structure(byte: number): void {
    switch (byte) {
      case SIGN.quote:
        this.#beginString();
        return;
      case SIGN.openBrace:
        this.#open({ kind: "object", members: new Map(), name: "" }, "first-name");
        return;
      case SIGN.openBracket:
        this.#open({ kind: "list", items: [] }, "first-item");
        return;
      case SIGN.closeBrace:
        this.#close("object", "first-name");
        return;
      case SIGN.closeBracket:
        this.#close("list", "first-item");
        return;
      case SIGN.colon:
        if (this.#expected !== "colon") throw new JsonRefused("not valid JSON");
        this.#expected = "value";
        return;
      case SIGN.comma:
        if (this.#expected !== "after") throw new JsonRefused("not valid JSON");
        this.#expected = this.#frames.at(-1)?.kind === "object" ? "name" : "value";
        return;
      default:
        throw new JsonRefused("not valid JSON");
    }
  }

  #beginString(): void {
    if (!this.#expectsValue && this.#expected !== "name" && this.#expected !== "first-name") throw new JsonRefused("not valid JSON");
    this.#inString = true;
    this.#string.begin();
  }

  #endString(): void {
    this.#inString = false;
    const rest = this.#string.take();
    if (this.#expected === "name" || this.#expected === "first-name") {
      this.#takeName(rest);
      return;
    }
    if (this.#text === undefined) {
      this.#hold(rest.length);
      this.#place(rest);
      return;
    }
    if (rest !== "") this.#text.append(rest);
    const large = new LargeText(this.#text);
    this.#text = undefined;
    // Json by what stands in its place; who reads JSON knows it by its class.
    this.#place(large as unknown as Json);
  }

  #takeName(name: string): void {
    const frame = this.#frames.at(-1);
    if (frame?.kind !== "object" || name.length > MAX_NAME) throw new JsonRefused("a name is too long");
    if (frame.members.has(name)) throw new JsonRefused("a name occurs twice in one object");
    if (name === "__proto__") throw new JsonRefused("an object has the name __proto__");
    this.#hold(name.length);
    frame.name = name;
    this.#expected = "colon";
  }

  /** Part of a text that is larger than is held. */
  #putAside(piece: string): void {
    if (!this.#expectsValue) throw new JsonRefused("a name is too long");
    this.#text ??= this.#spool.begin();
    this.#text.append(piece);
  }

  #endToken(): void {
    const token = this.#token;
    this.#token = "";
    const word = WORDS.get(token);
    if (word !== undefined) {
      this.#place(word);
      return;
    }
    const value = NUMBER.test(token) ? Number(token) : Number.NaN;
    if (!Number.isFinite(value)) throw new JsonRefused("not valid JSON");
    this.#place(value);
  }

  get #expectsValue(): boolean {
    return this.#expected === "value" || this.#expected === "first-item";
  }

  #open(frame: Frame, next: Expected): void {
    if (!this.#expectsValue) throw new JsonRefused("not valid JSON");
    if (this.#frames.length >= this.#limits.depth) throw new JsonRefused(`nested deeper than ${this.#limits.depth}`);
    this.#frames.push(frame);
    this.#expected = next;
  }

  #close(kind: Frame["kind"], fresh: Expected): void {
    const frame = this.#frames.at(-1);
    if (frame?.kind !== kind || (this.#expected !== "after" && this.#expected !== fresh)) throw new JsonRefused("not valid JSON");
    this.#frames.pop();
    this.#expected = "value";
    this.#place(frame.kind === "object" ? Object.fromEntries(frame.members) : frame.items);
  }

  #place(value: Json): void {
    if (!this.#expectsValue) throw new JsonRefused("not valid JSON");
    this.#hold(VALUE_BYTES);
    const frame = this.#frames.at(-1);
    if (frame === undefined) {
      this.#whole = value;
      this.#expected = "nothing";
      return;
    }
    if (frame.kind === "list") frame.items.push(value);
    else frame.members.set(frame.name, value);
    this.#expected = "after";
  }

  #hold(bytes: number): void {
    this.#held += bytes;
    this.#limits.hold(this.#held);
  }
}

/** Whether a byte is of a number or a word: digits, letters, `+`, `-`, `.`. */
function isTokenByte(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x2b || byte === 0x2d || byte === 0x2e;
}
