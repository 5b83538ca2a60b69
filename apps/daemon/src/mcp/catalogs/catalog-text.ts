import { writeDockerCatalog } from "@sbx/catalog";
import type { ServerEntry } from "@sbx/contracts";
import { dockerEntry, type JsonObject } from "./catalog-format.ts";

/** A catalog on its way out. */
export interface OutgoingCatalog {
  readonly title: string;
  readonly servers: readonly ServerEntry[];
}

/** The text of a catalog's file in Docker's form, which people may edit and other tools read. */
export function catalogText(catalog: OutgoingCatalog): string {
  return writeDockerCatalog(catalog).text;
}

/** The document that registries keep: each server with where it comes from and all that is known of it. */
export function catalogDocument({ title, servers }: OutgoingCatalog): JsonObject {
  return { title, servers: servers.map((entry) => ({ ...sourceOf(entry), snapshot: { server: { name: entry.name, ...dockerEntry(entry) } } })) };
}

/** Kind and place of a server as Docker's documents say them. */
export function sourceOf({ name, source }: ServerEntry): JsonObject {
  if (source.kind === "image") return { type: "image", image: source.image };
  if (source.kind === "remote") return { type: "remote", endpoint: source.url };
  return { type: "registry", source: `${source.kind}:${name}` };
}
