import type { McpParts } from "../mcp-parts.ts";
import { chooseTools } from "../servers/choose-tools.ts";
import { prepareServer } from "../servers/prepare-server.ts";
import type { McpHandlers } from "./mcp-handlers.ts";

const done = { done: true } as const;
type Names = "listServers" | "searchServers" | "inspectServer" | "enableServers" | "prepareServer" | "disableServers" | "listServerRules" | "ruleServer" | "listTools" | "callTool" | "chooseTools";

/** Answers about servers and their tools. */
export function serverHandlers(parts: McpParts): Pick<McpHandlers, Names> {
  const { servers, tools, store, sandboxId } = parts;
  return {
    prepareServer: async (request, signal) => await prepareServer(parts, request, signal),
    listServers: async ({ profile }) => await servers.list(profile),
    searchServers: async ({ query }) => await Promise.resolve(servers.search(query)),
    inspectServer: async ({ server, profile }) => await servers.inspect(server, profile),
    enableServers: async ({ profile, servers: uris }, signal) => await servers.enable(profile, uris, signal),
    disableServers: async ({ profile, names }) => await Promise.resolve({ disabled: servers.disable(profile, names) }),
    listServerRules: async ({ sandbox }) => await Promise.resolve([...(sandbox === undefined ? store.rules.all() : store.rules.rules(sandboxId(sandbox)))]),
    ruleServer: async ({ server, effect, sandbox, write }) => {
      servers.rule(server, { effect, write, sandbox: sandbox === undefined ? undefined : sandboxId(sandbox) });
      return await Promise.resolve(done);
    },
    listTools: async ({ profile, servers: names }, signal) => await tools.list({ profile, servers: names?.split(",") }, signal),
    callTool: async ({ tool, arguments: args, profile, servers: names }, signal) => await tools.call({ profile, servers: names?.split(",") }, { tool, args }, signal),
    chooseTools: async ({ profile, changes }, signal) => await chooseTools(store.sets.get(profile), changes, async (server) => await tools.toolsOf(server, signal)),
  };
}
