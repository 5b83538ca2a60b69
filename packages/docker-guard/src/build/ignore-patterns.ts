import { printable, Refusal } from "../refusal.ts";

/** Says which paths of a context a build does not see. */
export type Ignores = (path: string) => boolean;

/** Read .dockerignore: the last line that fits a path, or one of its directories, decides. */
export function readIgnores(text: string): Ignores {
  const rules = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ keeps: line.startsWith("!"), fits: patternOf(line.replace(/^!\s*/, "")) }));
  return (path) => {
    const parents = path.split("/").map((_, at, all) => all.slice(0, at + 1).join("/"));
    return rules.reduce((ignored, { keeps, fits }) => (parents.some((one) => fits.test(one)) ? !keeps : ignored), false);
  };
}

/** A pattern of paths as a regular expression: `*` and `?` within a segment, `**` for any number of them, `[…]`. */
export function patternOf(pattern: string): RegExp {
  if (pattern.length > 4096) throw new Refusal(400, "a pattern of paths is too long");
  const segments = pattern.split("/").filter((segment) => segment !== "" && segment !== ".");
  const written = segments.map((segment, at) => (segment === "**" ? (at === segments.length - 1 ? ".*" : "(?:[^/]+/)*") : `${segmentOf(segment)}${at === segments.length - 1 ? "" : "/"}`));
  try {
    return new RegExp(`^${written.join("")}$`, "su");
  } catch (error) {
    if (error instanceof SyntaxError) throw new Refusal(400, `"${printable(pattern)}" is no pattern of paths`);
    throw error;
  }
}

const PART = /(\[(?:\\.|[^\]\\])+\]|\\.|\*+|\?|.)/gsu;

/** Every part of a segment is one of these; what else a character means to a regular expression it does not mean here. */
function segmentOf(segment: string): string {
  return [...segment.matchAll(PART)].map(([part]) => partOf(part)).join("");
}

function partOf(part: string): string {
  if (part.startsWith("*")) return "[^/]*";
  if (part === "?") return "[^/]";
  if (part.length > 1 && part.startsWith("[")) return setOf(part.slice(1, -1));
  return literal(part.length > 1 ? part.slice(1) : part);
}

/** `[a-z]`, `[^ab]`: of what stands in it only the dash between two and the sign at the beginning mean anything. */
function setOf(inside: string): string {
  const not = inside.startsWith("^");
  const plain = (not ? inside.slice(1) : inside).replaceAll(/\\(.)/gsu, "$1");
  const ranges = [...plain.matchAll(/(.)-(.)|(.)/gsu)].map(([, from, to, one]) => (one === undefined ? `${literal(from ?? "")}-${literal(to ?? "")}` : literal(one)));
  return `[${not ? "^" : ""}${ranges.join("")}]`;
}

function literal(character: string): string {
  return /[\w\s]|\P{ASCII}/u.test(character) ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
