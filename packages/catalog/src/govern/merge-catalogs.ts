import type { ServerEntry } from "@sbx/contracts";

/** A catalog as the daemon knows it: its id, and the servers that were read from it. */
export interface NamedCatalog {
  readonly id: string;
  readonly servers: readonly ServerEntry[];
}

/** A server, and the catalog whose word about it counts. */
export interface CatalogServer {
  readonly entry: ServerEntry;
  readonly catalog: string;
}

/** All servers of several catalogs, and sentences about those that another one hid. */
export interface MergedCatalogs {
  readonly servers: ReadonlyMap<string, CatalogServer>;
  readonly warnings: readonly string[];
}

/**
 * Put catalogs together, the one that counts most last: of servers with one name the later hides the earlier, with a
 * warning. What hides a built-in server is not built in, and is judged by the catalog that it comes from.
 */
export function mergeCatalogs(catalogs: readonly NamedCatalog[]): MergedCatalogs {
  const servers = new Map<string, CatalogServer>();
  const warnings: string[] = [];
  for (const { id, servers: entries } of catalogs) {
    for (const entry of entries) {
      const hidden = servers.get(entry.name);
      if (hidden !== undefined) warnings.push(`"${entry.name}" of the catalog "${id}" hides that of "${hidden.catalog}"`);
      servers.set(entry.name, { entry, catalog: id });
    }
  }
  return { servers, warnings };
}
