import { ServerName, type ServerEntry } from "@sbx/contracts";
import { describeIssue } from "../document/describe-issue.ts";
import { readSource, type CatalogWarning, type DocumentSource } from "../document/read-source.ts";
import { checkEntry, leftOut, type EntryDraft, type EntryRead } from "./check-entry.ts";
import { readDockerEntry } from "./docker-entry.ts";
import { readCatalogDocument } from "./read-catalog-document.ts";
import { mapOf, readDockerCatalog } from "./read-docker-catalog.ts";
import { readServerDocument } from "./read-server-json.ts";
import type { ReadOptions, ServersRead } from "./servers-read.ts";

/** The version of our own form of catalogs. */
export const CATALOG_VERSION = 1;
const MAX_SERVERS = 20_000;

/** A catalog that was read, whichever form it had. */
export interface CatalogRead extends ServersRead {
  readonly form: "sbx" | "docker" | "document" | "server-json" | "entry";
  /** What it calls itself. Never proof of where it comes from. */
  readonly title?: string;
}

/**
 * Read a catalog in any form that we know: our own, Docker's YAML of version 2 and 3, the document of registries, one
 * entry of Docker's as a file, or a community `server.json`. A broken entry is left out with a warning; of two entries
 * with one name the later counts.
 *
 * @throws AppError `CATALOG_INVALID` with file, line and column when the document as a whole is broken. Nothing else.
 */
export function readCatalog(text: string, { file = "catalog.yaml" }: ReadOptions = {}): CatalogRead {
  const source = readSource(text, file);
  const fields = new Map(mapOf(source, [], source.value));
  checkCount(source, fields);
  const titled = fields.get("title") ?? fields.get("displayName") ?? fields.get("name");
  const read = readForm(source, fields);
  return { ...read, ...unique(read, source), ...(typeof titled === "string" ? { title: titled.slice(0, 200) } : {}) };
}

function readForm(source: DocumentSource, fields: ReadonlyMap<string, unknown>): CatalogRead {
  if (fields.has("registry")) return { form: "docker", ...readDockerCatalog(source, fields.get("registry")) };
  if (fields.has("servers")) {
    const items = fields.get("servers") ?? [];
    if (!Array.isArray(items)) throw source.refuse(["servers"], "servers must be a list");
    return fields.has("version") ? readOwn(source, fields, items) : { form: "document", ...readCatalogDocument(source, items) };
  }
  if (fields.has("packages") || fields.has("remotes") || fields.has("server")) return { form: "server-json", ...readServerDocument(source) };
  const name = fields.get("name");
  if (typeof name !== "string") throw source.refuse([], "this is no catalog: it has neither servers nor registry nor a name");
  const { entry, warnings } = readDockerEntry({ source, path: [], name }, source.value);
  return { form: "entry", servers: entry === undefined ? [] : [entry], warnings };
}

const OWN_FIELDS = new Set(["version", "name", "title", "servers"]);

function readOwn(source: DocumentSource, fields: ReadonlyMap<string, unknown>, items: readonly unknown[]): CatalogRead {
  if (fields.get("version") !== CATALOG_VERSION) throw source.refuse(["version"], `this sbx reads catalogs of version ${CATALOG_VERSION}`);
  for (const key of fields.keys()) if (!OWN_FIELDS.has(key)) throw source.refuse([key], `unknown key "${key}", known are ${[...OWN_FIELDS].join(", ")}`);
  const reads = items.map((item, index) => readOwnEntry(source, index, item));
  return { form: "sbx", servers: reads.flatMap(({ entry }) => (entry === undefined ? [] : [entry])), warnings: reads.flatMap(({ warnings }) => warnings) };
}

function readOwnEntry(source: DocumentSource, index: number, item: unknown): EntryRead {
  const path = ["servers", index];
  const named = typeof item === "object" && item !== null && "name" in item ? ServerName.safeParse(item.name) : undefined;
  if (named?.success !== true) return leftOut({ source, path, name: `server ${index + 1}` }, named === undefined ? "it has no name" : describeIssue(named.error).message);
  // The schema of entries judges the value; the compiler cannot know what stood in a file.
  return checkEntry({ source, path, name: named.data }, item as EntryDraft);
}

function checkCount(source: DocumentSource, fields: ReadonlyMap<string, unknown>): void {
  for (const key of ["registry", "servers"]) {
    const value = fields.get(key);
    if (typeof value === "object" && value !== null && Object.keys(value).length > MAX_SERVERS) throw source.refuse([key], `the catalog has more than ${MAX_SERVERS} servers`);
  }
}

function unique({ servers, warnings }: ServersRead, source: DocumentSource): ServersRead {
  const byName = new Map<string, ServerEntry>();
  const twice: CatalogWarning[] = [];
  for (const entry of servers) {
    if (byName.has(entry.name)) twice.push(source.warn([], `"${entry.name}" stands twice; the later one counts`, entry.name));
    byName.set(entry.name, entry);
  }
  return { servers: [...byName.values()], warnings: [...warnings, ...twice] };
}
