import type { Handlers, mcpApi } from "@sbx/contracts";
import type { McpParts } from "../mcp-parts.ts";
import { catalogHandlers } from "./catalog-handlers.ts";
import { profileHandlers } from "./profile-handlers.ts";
import { projectHandlers } from "./project-handlers.ts";
import { runningHandlers } from "./running-handlers.ts";
import { serverHandlers } from "./server-handlers.ts";

/** The daemon's answers about MCP servers. */
export type McpHandlers = Pick<Handlers, keyof typeof mcpApi>;

/** One function for each route of MCP servers. */
export function mcpHandlers(parts: McpParts): McpHandlers {
  return { ...catalogHandlers(parts), ...serverHandlers(parts), ...profileHandlers(parts), ...projectHandlers(parts), ...runningHandlers(parts) };
}
