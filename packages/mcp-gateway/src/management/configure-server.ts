import * as z from "zod";
import { ServerConfig, type ServerEntry } from "@sbx/contracts";
import type { JsonObject } from "../jsonrpc/json.ts";
import { errorResult, problemResult, textResult } from "../tools/tool-result.ts";
import { failureToStart, put, unknownServer } from "./add-server.ts";
import { refusal } from "./admit-server.ts";
import { checkArguments } from "./arguments.ts";
import type { ManagementTool } from "./management.ts";
import { maskConfig } from "./mask-config.ts";

const Arguments = z.object({ server: z.string().min(1).max(100), config: ServerConfig });
/** Configurations that wait for their server to be added, per scope. */
const MAX_DRAFTS = 50;

/** `mcp-config-set`: give a server its settings, instead of those it had. */
export const configureServerTool: ManagementTool = {
  definition: {
    name: "mcp-config-set",
    title: "Configure an MCP server",
    description:
      "Set the configuration of an MCP server. It replaces the whole configuration that the server had. Works before mcp-add, too. Never for secrets: those are set by a person on the host.",
    inputSchema: {
      type: "object",
      properties: {
        server: { type: "string", description: "Name of the server." },
        config: { type: "object", description: "The whole configuration, as the server's config_schema describes it.", additionalProperties: true },
      },
      required: ["server", "config"],
    },
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  },
  run: async ({ session: { scope }, args, cause }) => {
    const checked = checkArguments(Arguments, args);
    if (!checked.ok) return checked.answer;
    const { server, config } = checked.value;
    const entry = scope.parts.catalog.find(server, scope.caller);
    if (entry === undefined) return unknownServer(server);
    const problems = scope.parts.catalog.configProblems(entry, config);
    if (problems.length > 0) {
      return errorResult(
        [`Error: The config for server '${server}' is not valid:`, ...problems.map(({ message }) => `- ${message}`), "", "Server config schema:", JSON.stringify(entry.config)].join("\n"),
      );
    }
    const denied = await refusal({ scope, entry, config, cause });
    if (denied !== undefined) return denied;
    const before = scope.parts.state.servers(scope.caller).find(({ name }) => name === server);
    if (before === undefined) {
      const old = scope.drafts.get(server);
      if (scope.drafts.size >= MAX_DRAFTS && old === undefined) return errorResult(`Error: ${MAX_DRAFTS} servers are configured and not added. Add them with mcp-add first.`);
      scope.drafts.set(server, config);
      return textResult(success(entry, { config, old }));
    }
    put(scope, { ...before, config });
    await scope.refresh();
    // One that does not start with its new settings keeps the old ones.
    const failed = await failureToStart(scope, server, { signal: cause.signal });
    if (failed !== undefined) {
      put(scope, before);
      await scope.refresh();
      return problemResult(failed);
    }
    scope.notices.flush();
    return textResult(success(entry, { config, old: before.config }));
  },
};

function success(entry: ServerEntry, { config, old }: { readonly config: JsonObject; readonly old: JsonObject | undefined }): string {
  const shown = JSON.stringify(maskConfig(entry, config), null, 2);
  if (old === undefined || Object.keys(old).length === 0) return `Successfully set config for server '${entry.name}':\n${shown}`;
  return `Successfully updated config for server '${entry.name}':\n\nOld config:\n${JSON.stringify(maskConfig(entry, old), null, 2)}\n\nNew config:\n${shown}`;
}
