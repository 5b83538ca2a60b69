import type { EnabledServer, ServerEntry } from "@sbx/contracts";
import { dockerEntry, type JsonObject } from "../catalogs/catalog-format.ts";
import { sourceOf } from "../catalogs/catalog-text.ts";

/**
 * One server of a profile as it is written: in Docker's form with a snapshot where a catalog knows it, else in ours,
 * by name alone.
 */
export function profileMember({ name, config, tools }: EnabledServer, entry: ServerEntry | undefined): JsonObject {
  const configured = Object.keys(config).length === 0 ? {} : { config };
  if (entry === undefined) return { name, ...configured, ...(tools === undefined ? {} : { tools }) };
  return { ...sourceOf(entry), ...configured, secrets: "default", tools: tools ?? null, snapshot: { server: { name, ...dockerEntry(entry) } } };
}
