import { AppError } from "@sbx/contracts";
import { isNode, LineCounter, parseDocument, type Document } from "yaml";
import * as z from "zod";

/** What a YAML text is called where it is complained about, and which code that has. */
export interface YamlPlace {
  readonly file: string;
  readonly fix: string;
  readonly code?: "CONFIG_INVALID" | "CATALOG_INVALID";
}

/** A document that can be edited without losing its comments, and what it says. */
export interface ParsedYaml<T> {
  readonly document: Document;
  readonly value: T;
}

/** More than any of these files is in use; a YAML parser takes many times the size of its text. */
const MAX_BYTES = 8 << 20;

/**
 * Read a YAML or JSON text by a schema. An empty text is an empty map.
 *
 * @throws AppError of the place's code, whose message begins with `file:line`
 */
export function parseYaml<T>(text: string, schema: z.ZodType<T>, place: YamlPlace): ParsedYaml<T> {
  const fail: Fail = (line: number, why: string): AppError => new AppError(place.code ?? "CONFIG_INVALID", { message: `${place.file}:${line}: ${why}`, fix: place.fix });
  if (Buffer.byteLength(text) > MAX_BYTES) throw fail(1, `it is longer than ${MAX_BYTES >> 20} MiB`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const error = document.errors[0];
  if (error !== undefined) throw fail(lines.linePos(error.pos[0]).line, firstLine(error.message));
  const parsed = schema.safeParse(plain(document, fail) ?? {});
  if (parsed.success) return { document, value: parsed.data };
  const { path, message } = firstIssue(parsed.error);
  throw fail(lineOf(document, { path, lines }), path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`);
}

/** Read a file of ours by a schema, as {@link parseYaml} does. */
export function bySchema<T>(schema: z.ZodType<T>, file: string): (text: string) => T {
  const fix = `Correct the file, or move it away to begin anew: mv '${file}' '${file}.broken'`;
  return (text) => parseYaml(text, schema, { file, fix }).value;
}

type Fail = (line: number, why: string) => AppError;

function firstIssue({ issues }: z.core.$ZodError): { readonly path: readonly PropertyKey[]; readonly message: string } {
  return issues[0] ?? { path: [], message: "it cannot be used" };
}

function plain(document: Document, fail: Fail): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw fail(1, error instanceof Error ? firstLine(error.message) : String(error));
  }
}

/** Line of what a path leads to, or of the nearest thing around it that is there. */
function lineOf(document: Document, { path, lines }: { readonly path: readonly PropertyKey[]; readonly lines: LineCounter }): number {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth).map(String), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? text;
}
