import type { McpParts } from "../mcp-parts.ts";
import type { McpHandlers } from "./mcp-handlers.ts";

type Names = "offerProject" | "decideProject" | "leaveProject";

/** Answers about the servers that projects offer. */
export function projectHandlers({ projects }: McpParts): Pick<McpHandlers, Names> {
  return {
    offerProject: async (file) => await Promise.resolve(projects.offer(file)),
    decideProject: async ({ workspace, text, ...decision }) => await Promise.resolve(projects.decide({ workspace, text }, decision)),
    leaveProject: async ({ workspace }) => await Promise.resolve({ left: projects.deactivate(workspace) }),
  };
}
