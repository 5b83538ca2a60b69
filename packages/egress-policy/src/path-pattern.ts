import { AppError } from "@sbx/contracts";
import { readPath, type RequestPath } from "./request-path.ts";

type Token = { readonly kind: "text"; readonly character: string } | { readonly kind: "part" } | { readonly kind: "all" };

/** A rule's pattern of paths, in both forms of a path. */
export interface PathMatcher {
  readonly exact: readonly Token[];
  readonly loose: readonly Token[];
}

const MAX_WILDCARDS = 20;

/** Parse a pattern: `*` is anything within one part, `**` anything at all, and `/x/**` is `/x` and what lies below. @throws AppError `CONFIG_INVALID` */
export function parsePathPattern(pattern: string): PathMatcher {
  const path = readPath(pattern);
  if (path === undefined || pattern.includes("?")) throw invalid(pattern, "it is no plain path: no query, no dot segments, nothing empty, nothing encoded that needs not be");
  if (pattern.split(/\*+/).length - 1 > MAX_WILDCARDS) throw invalid(pattern, `it has more than ${MAX_WILDCARDS} stars`);
  return { exact: tokensOf(path.exact), loose: tokensOf(path.loose) };
}

function invalid(pattern: string, why: string): AppError {
  const shown = pattern.slice(0, 200).replaceAll(/[^\x20-\x7e]/g, "?");
  return new AppError("CONFIG_INVALID", { message: `"${shown}" is not a path of requests: ${why}`, fix: "Write a path such as /repos/** or /v1/items/*." });
}

function tokensOf(pattern: string): readonly Token[] {
  return [...pattern.matchAll(/\*\*+|\*|[^*]/gs)].map(([text]) => (text === "*" ? { kind: "part" } : text.startsWith("*") ? { kind: "all" } : { kind: "text", character: text }));
}

/** Whether a path is one of a pattern's, exactly. */
export function matchesExactly({ exact }: PathMatcher, path: RequestPath): boolean {
  return matches(exact, path.exact);
}

/** Whether any server could take a path for one of a pattern's. */
export function matchesLoosely(matcher: PathMatcher, path: RequestPath): boolean {
  const loose = path.loose.replaceAll("*", "%2a");
  return matchesExactly(matcher, path) || matches(matcher.loose, loose) || matches(matcher.loose, withoutEnds(loose));
}

/** Without what some servers cut off: a last slash, and dots and spaces at the ends of parts. */
function withoutEnds(path: string): string {
  return path.replaceAll(/(?:\.|%20)+(?=\/|$)/g, "").replace(/\/$/, "");
}

/** Each character moves a set of places in the pattern on, so that no pattern takes longer than its length times the path's. */
function matches(tokens: readonly Token[], path: string): boolean {
  let places = new Set<number>();
  reach(places, tokens, 0);
  for (const character of path) {
    const next = new Set<number>();
    for (const place of places) step(next, { tokens, place, character });
    places = next;
    if (places.size === 0) return false;
  }
  return places.has(tokens.length);
}

/** Where a character leads from a place. */
function step(next: Set<number>, { tokens, place, character }: { readonly tokens: readonly Token[]; readonly place: number; readonly character: string }): void {
  const token = tokens[place];
  if (token === undefined) return;
  if (token.kind !== "text") {
    if (token.kind === "all" || character !== "/") reach(next, tokens, place);
  } else if (token.character === character) reach(next, tokens, place + 1);
}

/** Add a place, and those that are reached from it by nothing: after a star, and at the end before a last `/**`. */
function reach(places: Set<number>, tokens: readonly Token[], place: number): void {
  places.add(place);
  const token = tokens[place];
  if (token !== undefined && token.kind !== "text") reach(places, tokens, place + 1);
  if (place + 2 === tokens.length && token?.kind === "text" && token.character === "/" && tokens[place + 1]?.kind === "all") places.add(tokens.length);
}
