import { AppError } from "@sbx/contracts";
import { isAlias, isCollection, isMap, isPair, isScalar, LineCounter, parseDocument, visit, type Document, type Node } from "yaml";

/** Where the specification stops reading a descriptor. */
const MAX_BYTES = 512 * 1024;
const MAX_DEPTH = 64;
const MAX_SHOWN = 600;
const TOO_DEEP = `the descriptor nests deeper than ${MAX_DEPTH} levels`;

export type KitPath = readonly PropertyKey[];

/** A descriptor's text, read, with the way back from a value to its line. */
export interface KitSource {
  readonly value: unknown;
  /** `KIT_INVALID` at the value, or at the nearest thing above it that is written down. With `key`, at that key. */
  readonly refuse: (path: KitPath, message: string, fix?: string) => AppError;
}

/**
 * Read the text of a descriptor as strict YAML 1.2: no duplicate keys, no anchors, aliases, tags or merges, text keys
 * only, one document, at most 512 KiB and 64 levels deep.
 *
 * @throws AppError `KIT_INVALID` with line and column
 */
export function readKitSource(text: string, file: string): KitSource {
  const lines = new LineCounter();
  const refuseAt = (offset: number, message: string, fix?: string): AppError => {
    const position = lines.linePos(offset);
    const line = Math.max(1, position.line);
    const column = Math.max(1, position.col);
    return new AppError("KIT_INVALID", {
      message: `${file}:${line}:${column}: ${printable(message)}`,
      fix: fix ?? `Correct line ${line} of ${file}; the grammar is that of sandbox-kit-spec v3.`,
      details: { file, line, column },
    });
  };
  if (Buffer.byteLength(text) > MAX_BYTES) throw refuseAt(0, "the descriptor is larger than 512 KiB");
  const document = parse(text, lines);
  if (document === undefined) throw refuseAt(0, TOO_DEEP);
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw refuseAt(problem.pos[0], /call stack/i.test(problem.message) ? TOO_DEEP : problem.message);
  const odd = oddNode(document);
  if (odd !== undefined) throw refuseAt(odd.offset, odd.why);
  return { value: document.toJS({ maxAliasCount: 0 }), refuse: (path, message, fix) => refuseAt(offsetOf(document, path), message, fix) };
}

/** `undefined` for a text made to be deep, which ends the recursive parser with a RangeError. */
function parse(text: string, lines: LineCounter): Document | undefined {
  try {
    return parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true, stringKeys: true, version: "1.2", schema: "core", merge: false, prettyErrors: false, logLevel: "error" });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function oddNode(document: Document): { readonly offset: number; readonly why: string } | undefined {
  let found: { readonly offset: number; readonly why: string } | undefined;
  visit(document, (_, node, parents) => {
    if (typeof node !== "object" || node === null || isPair(node)) return undefined;
    if (!isAlias(node) && !isScalar(node) && !isCollection(node)) return undefined;
    const why = whyOdd(node, parents.filter(isCollection).length);
    if (why === undefined) return undefined;
    found = { offset: node.range?.[0] ?? 0, why };
    return visit.BREAK;
  });
  return found;
}

function whyOdd(node: Node, depth: number): string | undefined {
  if (isAlias(node)) return "aliases are not allowed; write the value again";
  if (isScalar(node) || isCollection(node)) {
    if (node.anchor !== undefined) return "anchors are not allowed";
    if (node.tag !== undefined) return `the tag "${node.tag}" is not allowed`;
  }
  return depth >= MAX_DEPTH ? TOO_DEEP : undefined;
}

function offsetOf(document: Document, path: KitPath): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    if (!isCollection(node)) break;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else {
      node = node.get(part, true);
      offset = startOf(node) ?? offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isCollection(node) || isAlias(node) ? node.range?.[0] : undefined;
}

/** One line without control characters: what a stranger wrote goes to a terminal. */
function printable(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").trim();
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}…` : line;
}
