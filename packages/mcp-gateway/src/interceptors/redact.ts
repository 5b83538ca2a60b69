import { LargeText } from "../large/large-text.ts";
import type { FindSecrets } from "./find-secrets.ts";

/** A value without its secrets, and the kinds of those that were taken out, one for each. */
export interface Redacted {
  readonly value: unknown;
  readonly rules: readonly string[];
}

/** A secret in a value: its kind, and the place by names of fields in which no secret stands. */
export interface PlacedSecret {
  readonly rule: string;
  readonly place: string;
}

const MOST_DEPTH = 256;
const MOST_PLACE = 100;

/** Take the secrets out of all texts of a value of JSON, names of fields and encoded resources among them. The value itself stays as it is. */
export function redact(value: unknown, find: FindSecrets): Redacted {
  if (!mayHold(value, find, 0)) return { value, rules: [] };
  const walk = new Walk(find);
  const redacted = walk.value(value, []);
  return { value: redacted, rules: walk.found.map(({ rule }) => rule) };
}

/** Say where in a value secrets are. */
export function placeSecrets(value: unknown, find: FindSecrets): readonly PlacedSecret[] {
  if (!mayHold(value, find, 0)) return [];
  const walk = new Walk(find);
  walk.value(value, []);
  return walk.found;
}

/** Whether a secret may be somewhere; nearly never, so that this makes nothing anew. */
function mayHold(value: unknown, find: FindSecrets, depth: number): boolean {
  if (typeof value === "string") return find(value).length > 0;
  if (typeof value !== "object" || value === null || value instanceof LargeText) return false;
  if (depth > MOST_DEPTH) return true;
  if (Array.isArray(value)) return value.some((item: unknown) => mayHold(item, find, depth + 1));
  for (const [key, member] of Object.entries(value)) {
    // Only the walk reads what is encoded.
    if ((key === "blob" && typeof member === "string") || find(key).length > 0 || mayHold(member, find, depth + 1)) return true;
  }
  return false;
}

class Walk {
  readonly #find: FindSecrets;
  readonly found: PlacedSecret[] = [];

  constructor(find: FindSecrets) {
    this.#find = find;
  }

  value(value: unknown, path: readonly string[]): unknown {
    if (typeof value === "string") return path.at(-1) === "blob" ? this.#encoded(value, path) : this.#text(value, path);
    // Large texts are looked through in pieces, by those that know of them.
    if (typeof value !== "object" || value === null || value instanceof LargeText) return value;
    // A reader of JSON lets nothing so deep through; what comes anyway is not shown unread.
    if (path.length > MOST_DEPTH) return null;
    if (Array.isArray(value)) return value.map((item: unknown, at) => this.value(item, [...path, String(at)]));
    return Object.fromEntries(
      Object.entries(value).map(([key, member]: [string, unknown]) => {
        const shown = this.#text(key, [...path, "a name"]);
        return [shown, this.value(member, [...path, shown])];
      }),
    );
  }

  #text(text: string, path: readonly string[]): string {
    let clean = "";
    let from = 0;
    for (const { rule, start, end } of this.#find(text)) {
      this.found.push({ rule, place: path.join(".").slice(0, MOST_PLACE) });
      clean += `${text.slice(from, start)}[secret removed: ${rule}]`;
      from = end;
    }
    return from === 0 ? text : clean + text.slice(from);
  }

  /** A resource's bytes: looked at as they are, one character a byte, which is right for the texts that hold secrets. */
  #encoded(base64: string, path: readonly string[]): string {
    const text = Buffer.from(base64, "base64").toString("latin1");
    const clean = this.#text(text, path);
    return clean === text ? this.#text(base64, path) : Buffer.from(clean, "latin1").toString("base64");
  }
}
