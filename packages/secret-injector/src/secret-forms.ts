import type { Secret } from "./secret.ts";

/** Shorter text would be found everywhere. */
export const SHORTEST_SECRET = 8;
/** A long value is looked for in windows of this length, so that no form is long. */
const WINDOW = 512;
const STRIDE = 480;
/** A line of a value with many lines, such as a private key's, is looked for by itself from this length on. */
const SHORTEST_LINE = 16;

/**
 * Every text by which a secret may be known to leak: raw, base64 at all three alignments in both alphabets, hexadecimal,
 * encoded for a URL, escaped for JSON once and twice. None is longer than a few kilobytes, or shorter than 8 characters.
 */
export function formsOf(secret: Secret): readonly string[] {
  const value = secret.reveal().toWellFormed();
  if (Buffer.byteLength(value) < SHORTEST_SECRET) return [];
  const lines = value.includes("\n") ? value.split(/[\r\n]+/).filter((line) => line.length >= SHORTEST_LINE) : [];
  const forms = [...windows(value), ...lines.flatMap(windows)].flatMap(encodings);
  return [...new Set(forms.filter((form) => form.length >= SHORTEST_SECRET))];
}

/** Pieces that cover the whole text and overlap, so that nothing stays between what was found of two. */
function windows(text: string): readonly string[] {
  if (text.length <= WINDOW) return [text];
  const count = Math.ceil((text.length - WINDOW) / STRIDE) + 1;
  return Array.from({ length: count }, (_none, index) => Math.min(index * STRIDE, text.length - WINDOW)).map((start) => text.slice(start, start + WINDOW).toWellFormed());
}

function encodings(text: string): readonly string[] {
  const bytes = Buffer.from(text, "utf8");
  const hex = bytes.toString("hex");
  const json = JSON.stringify(text).slice(1, -1);
  const url = encodeURIComponent(text);
  const strictUrl = url.replaceAll(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  const everyByte = hex.replaceAll(/../g, "%$&");
  return [
    text,
    ...[0, 1, 2].flatMap((shift) => alignedBase64(bytes, shift)),
    hex,
    hex.toUpperCase(),
    ...[url, strictUrl, strictUrl.replaceAll("%20", "+"), everyByte].flatMap((form) => [form, lowerEscapes(form), upperEscapes(form)]),
    json,
    json.replaceAll("/", String.raw`\/`),
    JSON.stringify(json).slice(1, -1),
  ];
}

/** The characters of base64 that hold nothing but the bytes, when `shift` other bytes stand before them in their group of three. */
function alignedBase64(bytes: Buffer, shift: number): readonly string[] {
  const whole = Buffer.concat([Buffer.alloc(shift), bytes]);
  const from = Math.ceil((shift * 8) / 6);
  const to = Math.floor((whole.length * 8) / 6);
  return [whole.toString("base64").slice(from, to), whole.toString("base64url").slice(from, to)];
}

function lowerEscapes(text: string): string {
  return text.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
}

function upperEscapes(text: string): string {
  return text.replaceAll(/%[0-9a-f]{2}/g, (escape) => escape.toUpperCase());
}
