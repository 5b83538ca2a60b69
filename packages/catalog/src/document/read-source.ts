import { AppError } from "@sbx/contracts";
import { isAlias, isCollection, isMap, isPair, isScalar, isSeq, Lexer, LineCounter, parseDocument, visit, type Document, type Node, type Pair, type YAMLMap } from "yaml";
import { printable } from "./printable.ts";

const MAX_BYTES = 8 * 1024 * 1024;
const MAX_TOKENS = 1_500_000;
const MAX_DEPTH = 32;
const TOO_LARGE = "the document is larger than 8 MiB";
const TOO_MANY = "the document has too many parts";
const TOO_DEEP = `the document nests deeper than ${MAX_DEPTH} levels`;

/** The way from a document to one of its values. */
export type DocumentPath = readonly PropertyKey[];

/** Something that was left out, or is other than it was meant, and where it stands. The rest of the document holds. */
export interface CatalogWarning {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** One sentence without control characters and full stop. */
  readonly message: string;
  /** Name of the server that it is about. */
  readonly server?: string;
}

/** A document that was read, with the way back from a value to its line. */
export interface DocumentSource {
  readonly file: string;
  readonly value: unknown;
  /** `CATALOG_INVALID` at the value, or at the nearest thing above it that is written down. */
  readonly refuse: (path: DocumentPath, message: string) => AppError;
  readonly warn: (path: DocumentPath, message: string, server?: string) => CatalogWarning;
}

/**
 * Read a document in YAML 1.2, of which JSON is a part: no duplicate keys, no anchors, aliases, tags or merges, text keys
 * only, one document, at most 8 MiB, 1.5 million tokens and 32 levels. What exceeds them is refused before it is built.
 *
 * @throws AppError `CATALOG_INVALID` with line and column
 */
export function readSource(text: string, file: string): DocumentSource {
  const lines = new LineCounter();
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const refuseAt = (offset: number, message: string): AppError => {
    const { line, column } = place(offset);
    return new AppError("CATALOG_INVALID", {
      message: `${printable(file)}:${line}:${column}: ${printable(message)}`,
      fix: `Correct line ${line} of ${printable(file)}.`,
      details: { file, line, column },
    });
  };
  if (Buffer.byteLength(text) > MAX_BYTES) throw refuseAt(0, TOO_LARGE);
  const excess = excessOf(text);
  if (excess !== undefined) throw refuseAt(0, excess);
  const document = parse(text, lines);
  if (document === undefined) throw refuseAt(0, TOO_DEEP);
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw refuseAt(problem.pos[0], /call stack/i.test(problem.message) ? TOO_DEEP : problem.message);
  const odd = oddNode(document);
  if (odd !== undefined) throw refuseAt(odd.offset, odd.why);
  const offset = createOffsets(document);
  return {
    file,
    value: document.toJS({ maxAliasCount: 0 }),
    refuse: (path, message) => refuseAt(offset(path), message),
    warn: (path, message, server) => ({ ...place(offset(path)), message: printable(message), ...(server === undefined ? {} : { server }) }),
  };
}

/** Looks at the tokens one by one, so that a text made to be large in memory ends before anything is built of it. */
function excessOf(text: string): string | undefined {
  let tokens = 0;
  let depth = 0;
  for (const token of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > MAX_TOKENS) return TOO_MANY;
    if (token === "[" || token === "{") depth += 1;
    else if (token === "]" || token === "}") depth -= 1;
    if (depth > MAX_DEPTH) return TOO_DEEP;
  }
  return undefined;
}

/** `undefined` for a text made to be deep, which ends the recursive parser with a RangeError. */
function parse(text: string, lines: LineCounter): Document | undefined {
  try {
    // The library's own search for duplicate keys is quadratic: `oddNode` has one that is not.
    return parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: false, stringKeys: true, version: "1.2", schema: "core", merge: false, prettyErrors: false, logLevel: "error" });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

interface OddNode {
  readonly offset: number;
  readonly why: string;
}

function oddNode(document: Document): OddNode | undefined {
  let found: OddNode | undefined;
  visit(document, (_, node, parents) => {
    if (typeof node !== "object" || node === null || isPair(node)) return undefined;
    if (!isAlias(node) && !isScalar(node) && !isCollection(node)) return undefined;
    found = whyOdd(node, parents.filter(isCollection).length);
    return found === undefined ? undefined : visit.BREAK;
  });
  return found;
}

function whyOdd(node: Node, depth: number): OddNode | undefined {
  const offset = startOf(node) ?? 0;
  if (isAlias(node)) return { offset, why: "aliases are not allowed; write the value again" };
  if (isScalar(node) || isCollection(node)) {
    if (node.anchor !== undefined) return { offset, why: "anchors are not allowed" };
    if (node.tag !== undefined && node.tag !== "!") return { offset, why: `the tag "${node.tag}" is not allowed` };
  }
  if (depth >= MAX_DEPTH) return { offset, why: TOO_DEEP };
  return isMap(node) ? duplicateKey(node.items) : undefined;
}

function duplicateKey(items: readonly { readonly key: unknown }[]): OddNode | undefined {
  const seen = new Set<unknown>();
  for (const { key } of items) {
    const name = isScalar(key) ? key.value : key;
    if (seen.has(name)) return { offset: startOf(key) ?? 0, why: `the key "${String(name)}" stands twice` };
    seen.add(name);
  }
  return undefined;
}

/** Finds where values begin. Maps are indexed when they are first asked about: a catalog may warn of each of its servers. */
function createOffsets(document: Document): (path: DocumentPath) => number {
  const pairs = new WeakMap<YAMLMap, ReadonlyMap<unknown, Pair>>();
  const pairsOf = (map: YAMLMap): ReadonlyMap<unknown, Pair> => {
    const known = pairs.get(map) ?? new Map(map.items.map((pair) => [isScalar(pair.key) ? pair.key.value : pair.key, pair]));
    pairs.set(map, known);
    return known;
  };
  return (path) => offsetOf(document, path, pairsOf);
}

function offsetOf(document: Document, path: DocumentPath, pairsOf: (map: YAMLMap) => ReadonlyMap<unknown, Pair>): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = pairsOf(node).get(part);
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === "number") {
      node = node.items[part];
      offset = startOf(node) ?? offset;
    } else break;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isCollection(node) || isAlias(node) ? node.range?.[0] : undefined;
}
