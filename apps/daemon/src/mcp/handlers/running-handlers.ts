import type { McpParts } from "../mcp-parts.ts";
import type { McpHandlers } from "./mcp-handlers.ts";

type Names = "listInstances" | "serverLogs" | "restartServer" | "openGateway" | "gatewayToken";

/** Answers about what runs. */
export function runningHandlers({ gateway, runs, token }: McpParts): Pick<McpHandlers, Names> {
  return {
    listInstances: async () => await Promise.resolve([...gateway.instances()]),
    serverLogs: async ({ server }) => await Promise.resolve({ text: gateway.logs(server) }),
    restartServer: async ({ server }) => ({ ended: await gateway.restart(server) }),
    openGateway: async (options, signal) => await runs.open(options, signal),
    gatewayToken: async () => await Promise.resolve({ token: token() }),
  };
}
