import type { FindSecrets } from "../interceptors/find-secrets.ts";
import type { LargeText, TextFilter } from "./large-text.ts";

/** No secret that is known by its form and its end is longer. */
const OVERLAP = 80 * 1024;
/** Where something begins as secrets do, texts are looked through in parts of about this size. */
const WINDOW = 128 * 1024;
/** A key without an end may be as long. */
const MOST_HELD = 9 << 20;
/** What secrets begin with is shorter. */
const LONGEST_BEGIN = 64;
/** What stands before a secret decides whether it begins there. */
const CONTEXT = 16;

/** Take the secrets out of a large text; `undefined` where there are none. `encoded` for one that holds bytes in Base64. */
export async function cleanLarge(text: LargeText, find: FindSecrets, { encoded }: { readonly encoded: boolean }): Promise<{ readonly text: LargeText; readonly rules: readonly string[] } | undefined> {
  const plain = await secretsOf(text.read(), find);
  const inside = encoded ? await secretsOf(decodeBase64(text.read()), find) : [];
  if (plain.length === 0 && inside.length === 0) return undefined;
  if (inside.length > 0) return { text: text.filtered((pieces) => encodeBase64(withoutSecrets(find, () => undefined)(decodeBase64(pieces)))), rules: inside };
  return { text: text.filtered(withoutSecrets(find, () => undefined)), rules: plain };
}

async function secretsOf(pieces: AsyncIterable<string>, find: FindSecrets): Promise<readonly string[]> {
  const rules: string[] = [];
  // Only what is found counts here.
  for await (const _ of withoutSecrets(find, (rule) => rules.push(rule))(pieces)) void _;
  return rules;
}

/** A filter that takes secrets out, wherever pieces part them. */
export function withoutSecrets(find: FindSecrets, found: (rule: string) => void): TextFilter {
  return async function* (pieces) {
    const window = new Window(find, found);
    for await (const piece of pieces) {
      const clean = window.push(piece);
      if (clean !== "") yield clean;
    }
    yield window.end();
  };
}

/** What was read and not given away yet. As long as nothing begins in it as a secret does, that is nearly nothing. */
class Window {
  readonly #find: FindSecrets;
  readonly #found: (rule: string) => void;
  /** What was given away last. */
  #before = "";
  #held = "";
  #lookAt = WINDOW + OVERLAP;
  /** Whether something begins in what is held. */
  #mayHold = false;

  constructor(find: FindSecrets, found: (rule: string) => void) {
    this.#find = find;
    this.#found = found;
  }

  /** Take a piece; gives what is known to be clean now. */
  push(piece: string): string {
    if (!this.#mayHold && piece.length >= LONGEST_BEGIN && piece.length <= WINDOW) {
      if (!this.#find.begins(this.#before + this.#held + piece.slice(0, LONGEST_BEGIN)) && !this.#find.begins(piece)) return this.#pass(piece);
    }
    this.#held += piece;
    if (this.#held.length < this.#lookAt) {
      this.#mayHold ||= this.#find.begins(this.#before + this.#held);
      return this.#mayHold ? "" : this.#give(this.#held.length - LONGEST_BEGIN);
    }
    const clean = this.#clean(this.#held.length - OVERLAP);
    this.#mayHold = this.#find.begins(this.#before + this.#held);
    // What stays open is looked at again when it has doubled, not for every piece.
    this.#lookAt = Math.max(WINDOW + OVERLAP, 2 * this.#held.length);
    return clean;
  }

  /** Give a piece in which nothing begins, but for its last part, without a copy of it: nearly all of a large text goes this way. */
  #pass(piece: string): string {
    const at = piece.length - LONGEST_BEGIN;
    this.#before = (this.#before + this.#held + piece.slice(Math.max(0, at - CONTEXT), at)).slice(-CONTEXT);
    const given = this.#held + piece.slice(0, at);
    this.#held = piece.slice(at);
    return given;
  }

  /** All that is left. */
  end(): string {
    return this.#clean(this.#held.length);
  }

  /** Look at all that is held, and give what ends before this place and each secret that begins before it. */
  #clean(safe: number): string {
    const { length: context } = this.#before;
    const whole = this.#before + this.#held;
    let end = safe;
    let clean = "";
    let from = 0;
    for (const secret of this.#find(whole)) {
      const [start, stop] = [secret.start - context, secret.end - context];
      if (start < 0) continue;
      if (start >= safe) break;
      // It may go on in what comes.
      if (stop === this.#held.length && safe < this.#held.length && this.#held.length < MOST_HELD) {
        end = start;
        break;
      }
      this.#found(secret.rule);
      clean += `${this.#held.slice(from, start)}[secret removed: ${secret.rule}]`;
      from = stop;
      end = Math.max(safe, stop);
    }
    return clean + this.#give(end, from);
  }

  /** Let go of what stands before `end`; gives what of it stands after `from`. */
  #give(end: number, from = 0): string {
    if (end <= 0) return "";
    const given = this.#held.slice(from, end);
    this.#before = (this.#before + this.#held.slice(Math.max(0, end - CONTEXT), end)).slice(-CONTEXT);
    this.#held = this.#held.slice(end);
    return given;
  }
}

/** Bytes as one character each, which is right for the texts that hold secrets. */
async function* decodeBase64(pieces: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let rest = "";
  for await (const piece of pieces) {
    const signs = rest + piece.replaceAll(/[^A-Za-z0-9+/_-]/g, "");
    const whole = signs.length - (signs.length % 4);
    rest = signs.slice(whole);
    yield Buffer.from(signs.slice(0, whole), "base64").toString("latin1");
  }
  yield Buffer.from(rest, "base64").toString("latin1");
}

async function* encodeBase64(pieces: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let rest = "";
  for await (const piece of pieces) {
    const bytes = rest + piece;
    const whole = bytes.length - (bytes.length % 3);
    rest = bytes.slice(whole);
    yield Buffer.from(bytes.slice(0, whole), "latin1").toString("base64");
  }
  yield Buffer.from(rest, "latin1").toString("base64");
}
