import type { ServerEntry } from "@sbx/contracts";
import type { CatalogWarning, DocumentPath, DocumentSource } from "../document/read-source.ts";
import { readDockerEntry } from "./docker-entry.ts";
import type { ServersRead } from "./servers-read.ts";

/** Read `registry: {name: entry}`, the form of Docker's catalogs of version 2 and 3. */
export function readDockerCatalog(source: DocumentSource, registry: unknown): ServersRead {
  const entries = mapOf(source, ["registry"], registry);
  const servers: ServerEntry[] = [];
  const warnings: CatalogWarning[] = [];
  for (const [name, value] of entries) {
    const read = readDockerEntry({ source, path: ["registry", name], name }, value);
    warnings.push(...read.warnings);
    if (read.entry !== undefined) servers.push(read.entry);
  }
  return { servers, warnings };
}

/**
 * The pairs of a map; nothing written there is an empty map.
 *
 * @throws AppError `CATALOG_INVALID` for a list or a text
 */
export function mapOf(source: DocumentSource, path: DocumentPath, value: unknown): readonly (readonly [string, unknown])[] {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object" || Array.isArray(value)) throw source.refuse(path, `${path.length === 0 ? "the document" : path.map(String).join(".")} must be keys and values`);
  return Object.entries(value);
}
