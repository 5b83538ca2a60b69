/** Distinguished Encoding Rules of ASN.1 (ITU-T X.690), as far as a certificate needs them. */

/** One element: its tag, the length of its content, and that. */
function element(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const size: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) size.unshift(rest % 256);
  const head = length < 128 ? [tag, length] : [tag, 0x80 + size.length, ...size];
  return Buffer.concat([Buffer.from(head), content]);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(0x30, Buffer.concat(parts));
}

export function set(...parts: readonly Uint8Array[]): Buffer {
  return element(0x31, Buffer.concat(parts));
}

/** A positive integer of these bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const plain = first === -1 ? Buffer.of(0) : Buffer.from(bytes.subarray(first));
  return element(0x02, (plain[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.of(0), plain]) : plain);
}

/** An object identifier in its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift(0x80 | (rest & 0x7f));
  return bytes;
}

export function boolean(value: boolean): Buffer {
  return element(0x01, Buffer.of(value ? 0xff : 0));
}

export function octets(content: Uint8Array): Buffer {
  return element(0x04, content);
}

/** `unused`: bits of the last byte that do not count. */
export function bits(content: Uint8Array, unused = 0): Buffer {
  return element(0x03, Buffer.concat([Buffer.of(unused), content]));
}

export function text(value: string): Buffer {
  return element(0x0c, Buffer.from(value, "utf8"));
}

/** A moment, to the second: as UTCTime before 2050, as certificates have it (RFC 5280, section 4.1.2.5). */
export function time(moment: Date): Buffer {
  const digits = moment.toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return moment.getUTCFullYear() < 2050 ? element(0x17, Buffer.from(digits.slice(2), "latin1")) : element(0x18, Buffer.from(digits, "latin1"));
}

/** An element of context-specific class: one that holds others, or a plain value. */
export function context(tag: number, content: Uint8Array, form: "constructed" | "plain"): Buffer {
  return element((form === "constructed" ? 0xa0 : 0x80) | tag, content);
}
