import * as z from "zod";
import type { ServerEntry } from "@sbx/contracts";
import type { JsonObject } from "../jsonrpc/json.ts";
import type { FoundServer } from "../ports.ts";
import { textResult } from "../tools/tool-result.ts";
import type { Scope } from "../view/scope.ts";
import { checkArguments } from "./arguments.ts";
import type { ManagementTool } from "./management.ts";

const Arguments = z.object({ query: z.string().min(1).max(1000), limit: z.coerce.number().int().min(1).max(100).default(10) });

/** `mcp-find`: look for servers in the catalogs. */
export const findServers: ManagementTool = {
  definition: {
    name: "mcp-find",
    title: "Find MCP servers",
    description:
      "Find MCP servers in the catalog by name, title or description. If the user wants to use a service, or you lack a tool for a task, look here first. Tells which secrets and settings a server needs, and about how many tokens its tools take.",
    inputSchema: {
      type: "object",
      properties: {
        query: { type: "string", description: "Words to look for: a service's name, or what you want to do." },
        limit: { type: "integer", description: "How many servers to return at most (default: 10).", default: 10, minimum: 1, maximum: 100 },
      },
      required: ["query"],
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  run: async ({ session: { scope }, args }) => {
    const checked = checkArguments(Arguments, args);
    if (!checked.ok) return checked.answer;
    const { query, limit } = checked.value;
    const found = scope.parts.catalog.search(query, scope.caller).slice(0, limit);
    const servers = await Promise.all(found.map(async (one) => await describe(scope, one)));
    return textResult(JSON.stringify({ prompt: query, total_matches: servers.length, servers }));
  },
};

async function describe(scope: Scope, { entry, tokens }: FoundServer): Promise<JsonObject> {
  const secrets = entry.secrets.filter(({ required }) => required).map(({ name }) => name);
  const missing = secrets.length === 0 ? [] : await scope.parts.policy.missingSecrets(entry, scope.caller);
  const verdict = scope.parts.policy.judge({ entry, config: {}, caller: scope.caller });
  const known = tokens ?? catalogTokens(entry);
  return {
    name: entry.name,
    ...(entry.description === undefined ? {} : { description: entry.description }),
    ...(secrets.length > 0 ? { required_secrets: secrets } : {}),
    ...(missing.length > 0 ? { missing_secrets: missing.map(({ name, fix }) => ({ name, fix })) } : {}),
    ...(entry.config.length > 0 ? { config_schema: entry.config.map((schema) => ({ ...schema })) } : {}),
    long_lived: entry.longLived,
    ...(known === undefined ? {} : { tokens: known }),
    ...(scope.slot(entry.name) === undefined ? {} : { added: true }),
    ...(verdict.effect === "allow" ? {} : { policy: `${verdict.reason} ${verdict.fix}` }),
  };
}

function catalogTokens(entry: ServerEntry): number | undefined {
  const known = entry.tools.map(({ tokens }) => tokens).filter((tokens) => tokens !== undefined);
  return known.length === 0 ? undefined : known.reduce((total, one) => total + one, 0);
}
