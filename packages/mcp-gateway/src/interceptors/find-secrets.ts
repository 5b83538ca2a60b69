import { SECRET_RULES, type SecretRule } from "./secret-rules.ts";

/** A secret in a text: its kind and its place. What it is stands nowhere. */
export interface FoundSecret {
  readonly rule: string;
  readonly start: number;
  readonly end: number;
}

/** Finds secrets in a text, in order and apart from each other. */
export interface FindSecrets {
  (text: string): readonly FoundSecret[];
  /** Whether something stands in the text with which secrets begin; no beginning has more than 60 characters. */
  begins(text: string): boolean;
}

const KEY_BEGIN = "-----BEGIN ";
const KEY_HEAD = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/y;
const KEY_FOOT = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
/** What may follow a head whose foot is not there: lines of a body, also with their ends escaped. */
const KEY_BODY = /(?:(?:\s|\\[rn]){0,8}[A-Za-z0-9+/=]{16,4096}){1,2000}/y;
/** No private key is longer. */
const MOST_KEY = 64 << 10;

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&");

/**
 * Make a finder. It passes over a text once, looking for the beginnings of all kinds at the same time, and looks closer only
 * where one stands; so its time grows with the text's length, whatever the text is.
 */
export function createSecretFinder(rules: readonly SecretRule[] = SECRET_RULES): FindSecrets {
  const byStart = Map.groupBy(
    rules.flatMap((rule) => rule.starts.map((start) => ({ start, rule }))),
    ({ start }) => start,
  );
  // Longer first, since the first alternative wins: `sk-ant-` before `sk-`, whose rules are tried there as well.
  const starts = [...byStart.keys(), KEY_BEGIN].toSorted((one, other) => other.length - one.length);
  const anyStart = new RegExp(starts.map(escaped).join("|"), "g");
  const tried = new Map(starts.map((start) => [start, rulesAt(start, rules)]));
  const find = (text: string): readonly FoundSecret[] => {
    const found: FoundSecret[] = [];
    const feet = new Feet(text);
    let from = 0;
    for (anyStart.lastIndex = 0; ; anyStart.lastIndex = from) {
      const candidate = anyStart.exec(text);
      if (candidate === null) return found;
      const secret = candidate[0] === KEY_BEGIN ? keyAt(text, candidate.index, feet) : matchAt(text, candidate.index, tried.get(candidate[0]) ?? []);
      from = secret?.end ?? candidate.index + 1;
      if (secret !== undefined) found.push(secret);
    }
  };
  const begins = (text: string): boolean => {
    anyStart.lastIndex = 0;
    return anyStart.test(text);
  };
  return Object.assign(find, { begins });
}

/** The rules that may match where this beginning stands: its own, and those whose beginning it begins with. */
function rulesAt(start: string, rules: readonly SecretRule[]): readonly SecretRule[] {
  return rules.filter(({ starts }) => starts.some((other) => start.startsWith(other)));
}

function matchAt(text: string, index: number, rules: readonly SecretRule[]): FoundSecret | undefined {
  for (const { name, pattern, apart } of rules) {
    if (apart === true && !beginsApart(text, index)) continue;
    pattern.lastIndex = index;
    const match = pattern.exec(text);
    if (match === null) continue;
    const end = index + match[0].length;
    return { rule: name, start: match[1] === undefined ? index : end - match[1].length, end };
  }
  return undefined;
}

/** What ends in a letter or digit and is no word: escapes of JSON (`\n`, `\u001b`), of addresses (`%3D`) and of terminals' colours. */
const ESCAPE_BEFORE = /(?:\\(?:[a-z]|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})|%[0-9A-Fa-f]{2}|\[[0-9;]{0,10}m)$/;

/** Whether no word runs up to this place. */
function beginsApart(text: string, index: number): boolean {
  const before = text.slice(Math.max(0, index - 12), index);
  return !/[A-Za-z0-9_-]$/.test(before) || ESCAPE_BEFORE.test(before);
}

/** A private key with its head and foot; without a foot, with what could be its body. A head alone is no key. */
function keyAt(text: string, index: number, feet: Feet): FoundSecret | undefined {
  KEY_HEAD.lastIndex = index;
  const head = KEY_HEAD.exec(text);
  if (head === null) return undefined;
  const bodyAt = index + head[0].length;
  const foot = feet.after(bodyAt);
  if (foot !== undefined && foot - index <= MOST_KEY) return { rule: "private-key", start: index, end: foot };
  KEY_BODY.lastIndex = bodyAt;
  const body = KEY_BODY.exec(text);
  return body === null ? undefined : { rule: "private-key", start: index, end: bodyAt + body[0].length };
}

/** Where the feet of keys end. Asked for places that only grow, so that a text is searched once. */
class Feet {
  readonly #text: string;
  #next: { readonly start: number; readonly end: number } | undefined = { start: -1, end: -1 };

  constructor(text: string) {
    this.#text = text;
  }

  after(index: number): number | undefined {
    if (this.#next === undefined || this.#next.start >= index) return this.#next?.end;
    KEY_FOOT.lastIndex = index;
    const foot = KEY_FOOT.exec(this.#text);
    this.#next = foot === null ? undefined : { start: foot.index, end: foot.index + foot[0].length };
    return this.#next?.end;
  }
}
