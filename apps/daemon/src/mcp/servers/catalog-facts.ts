import { BUILT_IN_CATALOG, checkConfig, createServerIndex, judgeServer, type ServerIndex } from "@sbx/catalog";
import type { ServerEntry } from "@sbx/contracts";
import { identifyServer, type SecretKeeper } from "@sbx/secret-injector";
import type { McpStore } from "../mcp-parts.ts";
import type { ServerFacts } from "./server-facts.ts";

/** How many servers a search of a person shows. */
const SHOWN = 20;

/** What catalogs, their schemas, rules and the vault know about servers. */
export function createServerFacts({ catalogs, rules }: Pick<McpStore, "catalogs" | "rules">, secrets: Pick<SecretKeeper, "missing" | "adopt">): ServerFacts {
  let indexed: { readonly stamp: string; readonly index: ServerIndex } | undefined;
  const index = (): ServerIndex => {
    const stamp = catalogs.stamp();
    if (indexed?.stamp !== stamp) indexed = { stamp, index: createServerIndex([...catalogs.all().values()].map(({ entry }) => entry)) };
    return indexed.index;
  };
  return {
    missingSecrets: async (entry, catalog) => await secrets.missing(identifyServer(entry, catalog), entry.secrets),
    async adoptSecrets(entry, catalog) {
      await secrets.adopt({ server: identifyServer(entry, catalog), secrets: entry.secrets, trusted: catalog === BUILT_IN_CATALOG });
    },
    configFaults: checkConfig,
    denied(entry: ServerEntry, catalog: string) {
      const { effect, reason } = judgeServer(rules.rules(undefined), entry, { catalog });
      return effect === "deny" ? reason : undefined;
    },
    search: (query) =>
      index()
        .search(query, { limit: SHOWN })
        .map(({ entry }) => entry),
  };
}
