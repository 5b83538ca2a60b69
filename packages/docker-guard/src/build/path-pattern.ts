import { printable, Refusal } from "../refusal.ts";

/** No file system has a longer name. */
const MAX_SEGMENT = 255;

/** A place in a text: any number of characters, or one that fits. */
type Part = "any" | ((character: string) => boolean);

/** A part of a path: segments, or one segment that fits. */
type Step = "many" | "rest" | readonly Part[];

/** Which paths a pattern stands for. To find that out takes no longer than path and pattern are long together, whatever they say. */
export interface PathPattern {
  test(path: string): boolean;
  /** Whether it stands for the path or for a directory that it is in. */
  covers(path: string): boolean;
}

/** A pattern of paths: `*` and `?` within a segment, `**` for any number of them, `[…]`. @throws Refusal 400 */
export function patternOf(pattern: string): PathPattern {
  if (pattern.length > 4096) throw new Refusal(400, "a pattern of paths is too long");
  const segments = pattern.split("/").filter((segment) => segment !== "" && segment !== ".");
  const steps = segments.map((segment, at): Step => (segment !== "**" ? partsOf(segment, pattern) : at === segments.length - 1 ? "rest" : "many"));
  return {
    test: (path) => walk(steps, path).at(-1) === true,
    covers: (path) => walk(steps, path).includes(true),
  };
}

/** Whether a text is one that a pattern of `*` and `?` stands for, neither of which stands for a slash. */
export function fitsWildcards(pattern: string, text: string): boolean {
  const [wanted, given] = [pattern.split("/"), text.split("/")];
  return wanted.length === given.length && wanted.every((segment, at) => fits([...segment].map(wildcard), given[at] ?? ""));
}

/** For the path, segment by segment, whether what was read so far is what the pattern stands for. */
function walk(steps: readonly Step[], path: string): readonly boolean[] {
  if (path === "") return [steps.length === 0];
  let places = new Set<number>();
  arrive(steps, { at: 0, places });
  return path.split("/").map((segment) => {
    const next = new Set<number>();
    for (const at of places) advance(steps, { at, segment, places: next });
    places = next;
    return places.has(steps.length);
  });
}

/** Any number of segments may also be none. */
function arrive(steps: readonly Step[], { at, places }: { readonly at: number; readonly places: Set<number> }): void {
  for (let place = at; !places.has(place); place += 1) {
    places.add(place);
    if (steps[place] !== "many") return;
  }
}

function advance(steps: readonly Step[], { at, segment, places }: { readonly at: number; readonly segment: string; readonly places: Set<number> }): void {
  const step = steps[at];
  if (step === undefined) return;
  if (step === "many") arrive(steps, { at, places });
  else if (step === "rest") {
    places.add(at);
    places.add(steps.length);
  } else if (segment.length <= MAX_SEGMENT && fits(step, segment)) arrive(steps, { at: at + 1, places });
}

/** What `*` took is given up one by one, but only that of the last one: what the others took is the least there is. */
function fits(parts: readonly Part[], text: string): boolean {
  const characters = [...text];
  let [part, at] = [0, 0];
  let last: { readonly part: number; readonly at: number } | undefined;
  while (at < characters.length) {
    const wanted = parts[part];
    if (wanted === "any") {
      last = { part, at };
      part += 1;
    } else if (wanted?.(characters[at] ?? "") === true) {
      part += 1;
      at += 1;
    } else {
      if (last === undefined) return false;
      last = { part: last.part, at: last.at + 1 };
      part = last.part + 1;
      at = last.at;
    }
  }
  return parts.slice(part).every((rest) => rest === "any");
}

const PART = /(\[(?:\\.|[^\]\\])+\]|\\.|\*+|\?|.)/gsu;

function partsOf(segment: string, pattern: string): readonly Part[] {
  return [...segment.matchAll(PART)].map(([part]): Part => {
    if (part.startsWith("*") || part === "?") return wildcard(part[0] ?? "");
    if (part.length > 1 && part.startsWith("[")) return setOf(part.slice(1, -1), pattern);
    return literal(part.length > 1 && part.startsWith("\\") ? part.slice(1) : part);
  });
}

function wildcard(character: string): Part {
  return character === "*" ? "any" : character === "?" ? () => true : literal(character);
}

function literal(character: string): Part {
  return (given) => given === character;
}

/** `[a-z]`, `[^ab]`: of what stands in it only the dash between two and the sign at the beginning mean anything. */
function setOf(inside: string, pattern: string): Part {
  const not = inside.startsWith("^");
  const plain = (not ? inside.slice(1) : inside).replaceAll(/\\(.)/gsu, "$1");
  const ranges = [...plain.matchAll(/(.)-(.)|(.)/gsu)].map(([, from = "", to = "", one]): readonly [number, number] => [codeOf(one ?? from), codeOf(one ?? to)]);
  if (ranges.some(([from, to]) => from > to)) throw new Refusal(400, `"${printable(pattern)}" is no pattern of paths`);
  return (given) => ranges.some(([from, to]) => codeOf(given) >= from && codeOf(given) <= to) !== not;
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}
