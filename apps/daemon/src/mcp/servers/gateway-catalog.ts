import { checkConfig, createServerIndex, judgeServer, type ServerIndex } from "@sbx/catalog";
import type { Caller, ServerCatalog } from "@sbx/mcp-gateway";
import type { FoundEntry } from "../catalogs/catalog-files.ts";
import type { McpStore } from "../mcp-parts.ts";

/** How many servers a search of an agent gives at most; it asks for fewer. */
const MOST_FOUND = 50;

/** What agents and clients may find: every catalog, without what a rule denies to the one who asks. */
export function createGatewayCatalog({ catalogs, rules }: Pick<McpStore, "catalogs" | "rules">): ServerCatalog {
  let indexed: { readonly stamp: string; readonly index: ServerIndex } | undefined;
  const index = (): ServerIndex => {
    const stamp = catalogs.stamp();
    if (indexed?.stamp !== stamp) indexed = { stamp, index: createServerIndex([...catalogs.all().values()].map(({ entry }) => entry)) };
    return indexed.index;
  };
  const isHidden = ({ entry, catalog }: FoundEntry, caller: Caller): boolean => judgeServer(rules.rules(caller.kind === "sandbox" ? caller.sandbox : undefined), entry, { catalog }).effect === "deny";
  const visible = (name: string, caller: Caller): FoundEntry | undefined => {
    const found = catalogs.find(name);
    return found === undefined || isHidden(found, caller) ? undefined : found;
  };
  return {
    find: (name, caller) => visible(name, caller)?.entry,
    search: (query, caller) =>
      index()
        .search(query, { limit: MOST_FOUND })
        .filter(({ entry }) => visible(entry.name, caller) !== undefined)
        .map(({ entry, tokens }) => ({ entry, ...(tokens === undefined ? {} : { tokens }) })),
    configProblems: (entry, config) => checkConfig(entry, config).map(({ key, message }) => ({ key, message, kind: isMissing(config, key) ? ("missing" as const) : ("invalid" as const) })),
  };
}

/** Whether nothing stands where a schema wants something. */
function isMissing(config: Readonly<Record<string, unknown>>, key: string): boolean {
  let value: unknown = config;
  for (const part of key === "" ? [] : key.split("."))
    value = typeof value === "object" && value !== null && Object.hasOwn(value, part) ? Object.entries(value).find(([name]) => name === part)?.[1] : undefined;
  return value === undefined;
}
