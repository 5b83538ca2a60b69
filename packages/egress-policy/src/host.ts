declare const HOST: unique symbol;

/** A host name that {@link parseHost} accepted: lower-case letters, digits and dashes, no dot at the end. Never an address. */
export type Host = string & { readonly [HOST]: true };

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** What other parsers may take for the last part of an IPv4 address (WHATWG URL, "ends in a number"). */
const NUMBER = /^(?:[0-9]+|0x[0-9a-f]*)$/;
const MAX_NAME = 253;

/**
 * The one place where text becomes a host name. ASCII capitals become small, one dot at the end is dropped; every other
 * spelling is refused with `undefined`: other characters, empty or long labels, and whatever a program could read as an
 * IPv4 address (`127.1`, `0x7f.1`, `2130706433`, `10.0.0.1`).
 */
export function parseHost(text: string): Host | undefined {
  if (text.length > MAX_NAME + 1) return undefined;
  const lower = text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  const name = lower.endsWith(".") ? lower.slice(0, -1) : lower;
  if (name.length === 0 || name.length > MAX_NAME) return undefined;
  const labels = name.split(".");
  if (!labels.every((label) => LABEL.test(label))) return undefined;
  if (NUMBER.test(labels.at(-1) ?? "")) return undefined;
  return name as Host;
}
