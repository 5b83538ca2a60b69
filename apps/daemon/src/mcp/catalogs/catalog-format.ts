import { readCatalog, writeDockerCatalog } from "@sbx/catalog";
import type { ServerEntry } from "@sbx/contracts";
import { parse } from "yaml";

/** A JSON object, as documents of others are made of. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What the text of a catalog gave, in whichever form it was. */
export interface ReadCatalog {
  readonly title?: string;
  readonly servers: readonly ServerEntry[];
  /** What was left out of it, each with file and line. */
  readonly warnings: readonly string[];
}

/** Read a catalog's text. @throws AppError `CATALOG_INVALID` with file and line */
export function catalogOfText(text: string, file: string): ReadCatalog {
  const { title, servers, warnings } = readCatalog(text, { file });
  return { ...(title === undefined ? {} : { title }), servers, warnings: warnings.map(({ line, message }) => `${file}:${line}: ${message}`) };
}

/** One entry as it stands in Docker's catalogs, without its name. */
export function dockerEntry(entry: ServerEntry): JsonObject {
  const { registry } = parse(writeDockerCatalog({ servers: [entry] }).text) as { readonly registry: Readonly<Record<string, JsonObject>> };
  return registry[entry.name] ?? {};
}
