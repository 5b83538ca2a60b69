import { printable, Refusal } from "../refusal.ts";

/** Values of variables by name. */
export type Variables = ReadonlyMap<string, string>;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const MAX_DEPTH = 16;
/** No program can be given a longer argument or variable. */
const MAX_WORD = 128 << 10;
const MAX_WORDS = 2048;
/** Of all variables together: no program can be given more. */
const MAX_VARIABLES = 2 << 20;
/** Of a here-document with its variables in place. */
const MAX_DOCUMENT = 4 << 20;

/**
 * Read a word as the engine's builder does: quotes go, a backslash keeps the next character, and variables stand for
 * their values (`$a`, `${a}`, `${a:-b}`, `${a-b}`, `${a:+b}`, `${a+b}`, `${a:?b}`).
 *
 * @throws Refusal 400 where a quote or a brace is not closed, or a form of expansion is not known
 */
export function expandWord(word: string, variables: Variables): string {
  const { text, at } = readText(word, { from: 0, until: "", variables, depth: 0 });
  if (at !== word.length) throw new Refusal(400, `"${printable(word)}" cannot be read as a word`);
  return text;
}

/** Pieces of a word: a kept character, what is in quotes, or a plain character. */
const WORD = /(?:\\(?:.|$)|'[^']*'|"(?:\\.|[^"\\])*"|[^ \t'"\\])+/g;

/** Put variables in place in a text, in which quotes are no quotes. @throws Refusal 400 or 413 */
export function expandDocument(text: string, variables: Variables): string {
  let added = 0;
  return text.replaceAll(/\\([$\\])|\$(?:\{[^}]*\}|[A-Za-z_][A-Za-z0-9_]*)/g, (found: string, kept: string | undefined) => {
    const value = kept ?? expandWord(found, variables);
    added += value.length;
    if (added > MAX_DOCUMENT) throw new Refusal(413, `the variables of a here-document have more than ${MAX_DOCUMENT >> 20} MiB`);
    return value;
  });
}

/** Variables are made of variables, so that few lines could say more than there is room for. @throws Refusal 413 */
export function refuseLarge(variables: Iterable<readonly [name: string, value: string]>): void {
  let together = 0;
  for (const [name, value] of variables) together += name.length + value.length + 2;
  if (together > MAX_VARIABLES) throw new Refusal(413, `the variables or settings of a build have more than ${MAX_VARIABLES >> 20} MiB together`);
}

/** Take a line apart at blanks outside of quotes; the words are as they stand there. @throws Refusal 400 */
export function splitWords(line: string): readonly string[] {
  if (line.replaceAll(WORD, "").trim() !== "") throw new Refusal(400, `a quote is not closed in "${printable(line)}"`);
  const words = [...line.matchAll(WORD)].map(([word]) => word);
  if (words.length > MAX_WORDS) throw new Refusal(413, `an instruction has at most ${MAX_WORDS} words here`);
  return words;
}

interface Place {
  readonly from: number;
  /** Stops before this character outside of quotes; empty: at the end. */
  readonly until: string;
  readonly variables: Variables;
  readonly depth: number;
}

interface Read {
  readonly text: string;
  readonly at: number;
}

function readText(word: string, place: Place): Read {
  if (place.depth > MAX_DEPTH) throw new Refusal(400, "variables are nested too deep");
  let text = "";
  let at = place.from;
  while (at < word.length && !(place.until !== "" && word[at] === place.until)) {
    const one = readOne(word, at, place);
    text = joined(text, one.text);
    at = one.at;
  }
  return { text, at };
}

function joined(text: string, more: string): string {
  if (text.length + more.length > MAX_WORD) throw new Refusal(413, `a word has more than ${MAX_WORD >> 10} KiB with its variables in place`);
  return text + more;
}

function readOne(word: string, at: number, place: Place): Read {
  const character = word[at] ?? "";
  switch (character) {
    case "'": {
      const end = word.indexOf("'", at + 1);
      if (end === -1) throw new Refusal(400, `a quote is not closed in "${printable(word)}"`);
      return { text: word.slice(at + 1, end), at: end + 1 };
    }
    case '"':
      return readQuoted(word, at + 1, place);
    case "\\":
      return { text: word[at + 1] ?? "", at: Math.min(at + 2, word.length) };
    case "$":
      return readVariable(word, at + 1, place);
    default:
      return { text: character, at: at + 1 };
  }
}

function readQuoted(word: string, from: number, place: Place): Read {
  let text = "";
  let at = from;
  while (at < word.length && word[at] !== '"') {
    if (word[at] === "\\" && ['"', "$", "\\"].includes(word[at + 1] ?? "")) {
      text += word[at + 1] ?? "";
      at += 2;
    } else if (word[at] === "$") {
      const one = readVariable(word, at + 1, place);
      text = joined(text, one.text);
      at = one.at;
    } else {
      text += word[at] ?? "";
      at += 1;
    }
  }
  if (at >= word.length) throw new Refusal(400, `a quote is not closed in "${printable(word)}"`);
  return { text, at: at + 1 };
}

function readVariable(word: string, at: number, place: Place): Read {
  if (word[at] !== "{") {
    const name = NAME.exec(word.slice(at))?.[0];
    return name === undefined ? { text: "$", at } : { text: place.variables.get(name) ?? "", at: at + name.length };
  }
  const name = NAME.exec(word.slice(at + 1))?.[0];
  if (name === undefined) throw new Refusal(400, `"${printable(word)}" has a variable without a name`);
  const after = at + 1 + name.length;
  if (word[after] === "}") return { text: place.variables.get(name) ?? "", at: after + 1 };
  return readAlternative(word, { name, after, place });
}

function readAlternative(word: string, { name, after, place }: { readonly name: string; readonly after: number; readonly place: Place }): Read {
  const colon = word[after] === ":";
  const operator = word[colon ? after + 1 : after] ?? "";
  const inner = readText(word, { ...place, from: after + (colon ? 2 : 1), until: "}", depth: place.depth + 1 });
  if (word[inner.at] !== "}") throw new Refusal(400, `a brace is not closed in "${printable(word)}"`);
  const value = place.variables.get(name);
  const given = value !== undefined && !(colon && value === "") ? value : undefined;
  return { text: alternative(operator, { name, given, inner: inner.text }), at: inner.at + 1 };
}

function alternative(operator: string, { name, given, inner }: { readonly name: string; readonly given: string | undefined; readonly inner: string }): string {
  switch (operator) {
    case "-":
      return given ?? inner;
    case "+":
      return given === undefined ? "" : inner;
    case "?":
      if (given === undefined) throw new Refusal(400, `${name} has to be given: ${printable(inner)}`);
      return given;
    default:
      throw new Refusal(400, `${name} is expanded in a form that is not known here`);
  }
}
