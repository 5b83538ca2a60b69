import { randomInt } from "node:crypto";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Eight random characters behind a prefix. */
export function randomId(prefix: string): string {
  return prefix + Array.from({ length: 8 }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}
