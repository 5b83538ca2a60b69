import type { ServerEntry } from "@sbx/contracts";
import * as z from "zod";
import { describeIssue } from "../document/describe-issue.ts";
import { readSource, type CatalogWarning, type DocumentPath, type DocumentSource } from "../document/read-source.ts";
import { checkEntry, leftOut, type EntryRead } from "./check-entry.ts";
import { packageDraft, remoteDraft } from "./server-json-drafts.ts";
import { ServerJson, ServerPackage, ServerRemote } from "./server-json-schema.ts";
import type { ReadOptions, ServersRead } from "./servers-read.ts";

/** What a `server.json` gave: the server as it is run by itself, and the other ways to run it, best first. */
export interface ServerJsonRead extends ServersRead {
  /** The same server from its other packages and remotes. Whoever governs servers may prefer one of them. */
  readonly alternatives: readonly ServerEntry[];
}

/**
 * Read a `server.json` of the community registry, alone or in the envelope of its API. A remote comes before packages,
 * and of these an image before PyPI, npm and bundles; the others are `alternatives`, and a warning names them. Packages
 * that do not speak over their standard streams, or have no exact version, are left out.
 *
 * @throws AppError `CATALOG_INVALID` with file, line and column. Nothing else.
 */
export function readServerJson(text: string, { file = "server.json" }: ReadOptions = {}): ServerJsonRead {
  return readServerDocument(readSource(text, file));
}

/** The same for a document that was read already. */
export function readServerDocument(source: DocumentSource): ServerJsonRead {
  const { value } = source;
  const wrapped = typeof value === "object" && value !== null && "server" in value;
  const path: DocumentPath = wrapped ? ["server"] : [];
  const parsed = ServerJson.safeParse(wrapped ? value.server : value);
  if (!parsed.success) {
    const issue = describeIssue(parsed.error);
    throw source.refuse([...path, ...issue.path], issue.message);
  }
  const server = parsed.data;
  const place = { source, path, server, name: entryName(server.name) };
  const reads = [...remotesOf(place), ...packagesOf(place)];
  const warnings = reads.flatMap((read) => read.warnings);
  const [first, ...alternatives] = reads.flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
  if (first === undefined)
    return { servers: [], alternatives: [], warnings: [...warnings, source.warn(path, `"${place.name}" is left out: it has neither a remote nor a package that can be run`, place.name)] };
  return { servers: [first], alternatives, warnings: [...warnings, ...chosen(place, first, alternatives)] };
}

/** Of `io.github.acme/tool`: `io-github-acme-tool`. */
function entryName(name: string): string {
  return name
    .replaceAll(/[^A-Za-z0-9_-]/g, "-")
    .replace(/^[-_]+/, "")
    .slice(0, 100);
}

interface Place {
  readonly source: DocumentSource;
  readonly path: DocumentPath;
  readonly server: ServerJson;
  readonly name: string;
}

function chosen({ source, path, name }: Place, first: ServerEntry, alternatives: readonly ServerEntry[]): readonly CatalogWarning[] {
  if (alternatives.length === 0) return [];
  const others = alternatives.map((entry) => entry.source.kind).join(", ");
  return [source.warn(path, `"${name}" is taken as ${first.source.kind}; it could also be had as ${others}`, name)];
}

const ORDER = ["oci", "pypi", "npm", "mcpb"];

function packagesOf(place: Place): readonly EntryRead[] {
  const reads = place.server.packages.map((item, index) => {
    const parsed = ServerPackage.safeParse(item);
    const at = { ...place, path: [...place.path, "packages", index] };
    if (!parsed.success) return { rank: ORDER.length, read: leftOut(at, describeIssue(parsed.error).message) };
    const type = parsed.data.registryType ?? parsed.data.registry_type ?? "";
    const draft = packageDraft(place, parsed.data, type);
    const read = typeof draft === "string" ? leftOut({ ...at, name: parsed.data.identifier }, draft) : checkEntry(at, draft.draft);
    const dropped = typeof draft === "string" ? [] : draft.dropped.map((why) => place.source.warn(at.path, why, place.name));
    return { rank: ORDER.includes(type) ? ORDER.indexOf(type) : ORDER.length, read: { ...read, warnings: [...dropped, ...read.warnings] } };
  });
  return reads.toSorted((a, b) => a.rank - b.rank).map(({ read }) => read);
}

function remotesOf(place: Place): readonly EntryRead[] {
  return place.server.remotes.map((item, index) => {
    const parsed = z.safeParse(ServerRemote, item);
    const at = { ...place, path: [...place.path, "remotes", index] };
    if (!parsed.success) return leftOut(at, describeIssue(parsed.error).message);
    const draft = remoteDraft(place, parsed.data);
    return typeof draft === "string" ? leftOut(at, draft) : checkEntry(at, draft);
  });
}
