import type { McpParts } from "../mcp-parts.ts";
import type { McpHandlers } from "./mcp-handlers.ts";

const done = { done: true } as const;
type Names =
  | "listCatalogs"
  | "showCatalog"
  | "createCatalog"
  | "removeCatalog"
  | "importCatalog"
  | "exportCatalog"
  | "copyCatalog"
  | "addToCatalog"
  | "removeFromCatalog"
  | "pullCatalog"
  | "pushCatalog";

/** Answers about catalogs. */
export function catalogHandlers({ catalogs, registry }: McpParts): Pick<McpHandlers, Names> {
  return {
    listCatalogs: async () => await Promise.resolve(catalogs.list()),
    showCatalog: async ({ catalog }) => await Promise.resolve(catalogs.show(catalog)),
    createCatalog: async (request, signal) => await catalogs.create(request, signal),
    removeCatalog: async ({ catalog }) => {
      catalogs.remove(catalog);
      return await Promise.resolve(done);
    },
    importCatalog: async (request, signal) => await catalogs.import(request, signal),
    exportCatalog: async ({ catalog, form }) => await Promise.resolve({ text: catalogs.export(catalog, form) }),
    copyCatalog: async ({ catalog, to }) => await Promise.resolve(catalogs.copy(catalog, to)),
    addToCatalog: async ({ catalog, ...request }, signal) => ({ added: [...(await catalogs.add(catalog, request, signal))] }),
    removeFromCatalog: async ({ catalog, names }) => await Promise.resolve({ removed: [...catalogs.removeServers(catalog, names)] }),
    pullCatalog: async ({ reference }, signal) => await registry.pull(reference, signal),
    pushCatalog: async ({ catalog }, signal) => await registry.push(catalog, signal),
  };
}
