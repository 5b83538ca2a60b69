import { timingSafeEqual } from "node:crypto";
import type { ModelService } from "./model-services.ts";

/** Letters and digits only: every kind of key allows them, and no program takes them for anything else. */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/**
 * A key that opens nothing outside the sandbox it is made for: prefix, length and alphabet of the provider's own, the rest
 * random. `randomBytes` must be a cryptographic source.
 */
export function newPlaceholder(service: ModelService, randomBytes: (count: number) => Uint8Array): string {
  const { prefix, length } = service.keyShape;
  const limit = 256 - (256 % ALPHABET.length);
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < limit && text.length < length) text += ALPHABET.charAt(byte % ALPHABET.length);
    }
  }
  return prefix + text;
}

/** Compare what a client sent with its placeholder, in a time that does not tell how much of it was right. */
export function isPlaceholder(candidate: string, placeholder: string): boolean {
  const expected = Buffer.from(placeholder, "utf8");
  const given = Buffer.from(candidate, "utf8");
  const padded = Buffer.alloc(expected.length);
  given.copy(padded);
  return timingSafeEqual(padded, expected) && given.length === expected.length && expected.length > 0;
}
