import type { Secret } from "./secret.ts";

/** Replaces a secret in a stream of bytes by as many stars, so that lengths stay true. */
export interface Scrubber {
  /** What may be passed on now; at most the beginning of a secret is held back. */
  push(chunk: Uint8Array): Buffer;
  /** What was held back. */
  end(): Buffer;
  /** Whether anything was replaced so far. */
  readonly found: boolean;
}

const STAR = 0x2a;

/** Takes the secret's raw bytes out, also where it lies across chunks. Secrets under 8 bytes are left alone: they would be found everywhere. */
export function createScrubber(secret: Secret): Scrubber {
  const needle = Buffer.from(secret.reveal(), "utf8");
  const active = needle.length >= 8;
  let held: Buffer = Buffer.alloc(0);
  let found = false;
  return {
    push(chunk) {
      if (!active) return Buffer.from(chunk);
      const bytes = Buffer.concat([held, chunk]);
      for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, at)) {
        bytes.fill(STAR, at, at + needle.length);
        found = true;
      }
      const keep = overlap(bytes, needle);
      held = bytes.subarray(bytes.length - keep);
      return bytes.subarray(0, bytes.length - keep);
    },
    end() {
      const rest = held;
      held = Buffer.alloc(0);
      return rest;
    },
    get found() {
      return found;
    },
  };
}

/** Length of the longest end of `bytes` that is a beginning of `needle`, but not all of it. */
function overlap(bytes: Buffer, needle: Buffer): number {
  for (let length = Math.min(bytes.length, needle.length - 1); length > 0; length -= 1) {
    if (bytes.subarray(bytes.length - length).equals(needle.subarray(0, length))) return length;
  }
  return 0;
}

/** The same for a header or a message. */
export function scrubText(text: string, secret: Secret): string {
  const value = secret.reveal();
  return value.length >= 8 ? text.replaceAll(value, "*".repeat(value.length)) : text;
}
