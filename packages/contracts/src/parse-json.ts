import type { Json } from "./json.ts";

/** Text that is no JSON, or JSON that two readers could understand differently. The message never quotes the text. */
export class JsonRefused extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "JsonRefused" });
  }
}

/** Deeper than any message of the protocols that are read with it; reading and writing it needs no deep stack. */
const MAX_DEPTH = 100;

/** Characters that give JSON its shape. */
const SIGN = { quote: 0x22, backslash: 0x5c, comma: 0x2c, openBrace: 0x7b, closeBrace: 0x7d, openBracket: 0x5b, closeBracket: 0x5d } as const;

/**
 * Read JSON that has one meaning only: no name twice in an object, at any depth and however it is escaped, no
 * `__proto__`, and no deeper than 100.
 *
 * @throws JsonRefused
 */
export function parseJson(source: string, { maxDepth = MAX_DEPTH }: { readonly maxDepth?: number } = {}): Json {
  refuseAmbiguous(source, maxDepth);
  try {
    // The compiler has no type for what JSON.parse gives; it is Json by definition.
    return JSON.parse(source) as Json;
  } catch {
    throw new JsonRefused("not valid JSON");
  }
}

const DECODER = { fatal: true, ignoreBOM: true } as const;

/** Read bytes as UTF-8 without a byte order mark, and then as {@link parseJson} does. @throws JsonRefused */
export function parseJsonBytes(bytes: Uint8Array): Json {
  let source: string;
  try {
    source = new TextDecoder("utf-8", DECODER).decode(bytes);
  } catch {
    throw new JsonRefused("not valid UTF-8");
  }
  return parseJson(source);
}

/** An open object (with the names seen) or array (without). */
interface Frame {
  readonly names: Set<string> | undefined;
  expectsName: boolean;
}

/** Looks at strings and brackets only: what is broken otherwise is found by JSON.parse. */
function refuseAmbiguous(source: string, maxDepth: number): void {
  const frames: Frame[] = [];
  for (let at = 0; at < source.length; at += 1) {
    const sign = source.charCodeAt(at);
    if (sign === SIGN.quote) {
      const end = endOfString(source, at);
      takeString(frames.at(-1), source.slice(at, end + 1));
      at = end;
    } else if (sign === SIGN.comma) {
      const frame = frames.at(-1);
      if (frame !== undefined) frame.expectsName = true;
    } else if (sign === SIGN.openBrace || sign === SIGN.openBracket) {
      if (frames.length >= maxDepth) throw new JsonRefused(`nested deeper than ${maxDepth}`);
      frames.push({ names: sign === SIGN.openBrace ? new Set() : undefined, expectsName: true });
    } else if (sign === SIGN.closeBrace || sign === SIGN.closeBracket) frames.pop();
  }
}

function takeString(frame: Frame | undefined, literal: string): void {
  if (frame?.names === undefined || !frame.expectsName) return;
  takeName(frame.names, literal);
  frame.expectsName = false;
}

function endOfString(source: string, start: number): number {
  for (let at = source.indexOf('"', start + 1); at !== -1; at = source.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (source.charCodeAt(at - 1 - backslashes) === SIGN.backslash) backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
  throw new JsonRefused("not valid JSON");
}

function takeName(names: Set<string>, literal: string): void {
  const name = literal.includes("\\") ? unescaped(literal) : literal.slice(1, -1);
  if (names.has(name)) throw new JsonRefused("a name occurs twice in one object");
  if (name === "__proto__") throw new JsonRefused("an object has the name __proto__");
  names.add(name);
}

function unescaped(literal: string): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    throw new JsonRefused("not valid JSON");
  }
}
