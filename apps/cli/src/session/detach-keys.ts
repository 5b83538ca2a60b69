import { InvalidArgumentError, Option } from "@commander-js/extra-typings";

const DEFAULT_DETACH_KEYS = "ctrl-p,ctrl-q";

/** The option of every command that joins a terminal session. */
export const detachKeysOption = () => new Option("--detach-keys <keys>", "keys that leave the session").argParser(parseDetachKeys).default(parseDetachKeys(DEFAULT_DETACH_KEYS), DEFAULT_DETACH_KEYS);

/** Lets programs in the sandbox write the clipboard of this terminal. */
export const clipboardOption = () => new Option("--clipboard", "let programs write this machine's clipboard through the terminal");

/** "ctrl-p,ctrl-q" as bytes: single characters or `ctrl-` with a letter or one of `@ [ \ ] ^ _`, between commas. */
export function parseDetachKeys(text: string): Uint8Array {
  const bytes = text.split(",").map(byteOfKey);
  if (bytes.length > 8) throw new InvalidArgumentError("at most 8 keys.");
  return Uint8Array.from(bytes);
}

function byteOfKey(key: string): number {
  const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key)?.[1];
  if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 0x1f;
  if (/^[\x21-\x7e]$/.test(key)) return key.charCodeAt(0);
  throw new InvalidArgumentError(`"${key}" is no key; write for example ctrl-p,ctrl-q.`);
}

/**
 * Looks for the detach keys in what is typed.
 *
 * Keys that may be the beginning of the sequence are held back until it is clear that they are not, so that the agent
 * never sees half of it.
 */
export class DetachFilter {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What goes on to the session, and whether the sequence is complete; what was typed after it is dropped. */
  push(chunk: Uint8Array): { readonly forward: Uint8Array; readonly detach: boolean } {
    const forward: number[] = [];
    for (const byte of chunk) {
      if (byte !== this.#keys[this.#matched]) {
        forward.push(...this.#keys.subarray(0, this.#matched));
        this.#matched = 0;
      }
      if (byte !== this.#keys[this.#matched]) forward.push(byte);
      else if (++this.#matched === this.#keys.length) return { forward: Uint8Array.from(forward), detach: true };
    }
    return { forward: Uint8Array.from(forward), detach: false };
  }
}
