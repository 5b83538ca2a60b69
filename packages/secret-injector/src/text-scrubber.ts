import { formsOf, SHORTEST_SECRET } from "./secret-forms.ts";
import type { Secret } from "./secret.ts";

const MASK = "[secret]";

/** Takes a set of secrets out of text that people or programs will see. */
export interface TextScrubber {
  /** The same text with every form of every secret replaced by `[secret]`. */
  scrub(text: string): string;
  /** The next piece of a stream, as far as it may be shown: what could be the beginning of a secret is held back. */
  push(piece: string): string;
  /** What was held back. */
  end(): string;
}

/**
 * Make a scrubber for texts such as a server's log, an error or an event. Secrets of less than 8 bytes are left alone.
 *
 * The cost is one look-up for each character, whatever the number of secrets; only where the first eight characters of a
 * form stand is more compared. Known not to be found: text that was wrapped, compressed, encrypted or spelled otherwise.
 */
export function createTextScrubber(secrets: readonly Secret[]): TextScrubber {
  const index = indexOf([...new Set(secrets.flatMap(formsOf))]);
  let rest: Rest = { text: "", covered: 0 };
  const take = (piece: string, until: (text: string) => number): string => {
    const taken = replace({ text: rest.text + piece, covered: rest.covered }, until(rest.text + piece), index);
    rest = taken.rest;
    return taken.clean;
  };
  return {
    scrub: (text) => replace({ text, covered: 0 }, text.length, index).clean,
    push: (piece) => take(piece, (text) => openAt(text, index)),
    end: () => take("", (text) => text.length),
  };
}

/** Forms, found by how they begin. */
interface Index {
  readonly forms: readonly string[];
  readonly byStart: ReadonlyMap<string, readonly string[]>;
  /** First characters, which most places of a text do not have. */
  readonly firsts: ReadonlySet<number>;
  readonly longest: number;
}

/** What a stream holds back; as many characters at its beginning as `covered` says belong to a secret that was masked already. */
interface Rest {
  readonly text: string;
  readonly covered: number;
}

function indexOf(forms: readonly string[]): Index {
  return {
    forms,
    byStart: Map.groupBy(forms, (form) => form.slice(0, SHORTEST_SECRET)),
    firsts: new Set(forms.map((form) => form.charCodeAt(0))),
    longest: forms.reduce((longest, { length }) => Math.max(longest, length), 0),
  };
}

/** Where a form may have begun that the text does not end yet; its length when there is none. */
function openAt(text: string, { forms, byStart, firsts, longest }: Index): number {
  for (let at = Math.max(0, text.length - longest + 1); at < text.length; at += 1) {
    if (!firsts.has(text.charCodeAt(at))) continue;
    const rest = text.slice(at);
    const candidates = rest.length < SHORTEST_SECRET ? forms : (byStart.get(rest.slice(0, SHORTEST_SECRET)) ?? []);
    if (candidates.some((form) => form.length > rest.length && form.startsWith(rest))) return at;
  }
  return text.length;
}

function replace({ text, covered }: Rest, until: number, index: Index): { readonly clean: string; readonly rest: Rest } {
  let [clean, shown, over] = ["", 0, 0];
  for (const { from, to } of stretches(text, covered, index)) {
    if (from >= until) break;
    clean += text.slice(shown, from) + (from === 0 && covered > 0 ? "" : MASK);
    shown = Math.min(to, until);
    over = to - shown;
  }
  return { clean: clean + text.slice(shown, until), rest: { text: text.slice(until), covered: over } };
}

/** Stretches of text that belong to secrets; those that overlap are one. */
function* stretches(text: string, covered: number, index: Index): Generator<{ readonly from: number; readonly to: number }> {
  let [from, to] = [0, covered];
  for (let at = 0; at <= text.length - SHORTEST_SECRET; at += 1) {
    const length = matchAt(text, at, index);
    if (length === 0) continue;
    if (at >= to) {
      if (to > from) yield { from, to };
      from = at;
    }
    to = Math.max(to, at + length);
  }
  if (to > from) yield { from, to };
}

function matchAt(text: string, at: number, { byStart, firsts }: Index): number {
  if (!firsts.has(text.charCodeAt(at))) return 0;
  const candidates = byStart.get(text.slice(at, at + SHORTEST_SECRET)) ?? [];
  return candidates.reduce((longest, form) => (form.length > longest && text.startsWith(form, at) ? form.length : longest), 0);
}
