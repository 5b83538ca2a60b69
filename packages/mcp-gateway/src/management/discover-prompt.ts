import type { JsonObject } from "../jsonrpc/json.ts";

/** The prompt that teaches a model to look for servers. */
export const DISCOVER_PROMPT: JsonObject = { name: "mcp-discover", description: "Learn how to find and add MCP servers while you work." };

/** What `prompts/get` answers for it. */
export const DISCOVER_TEXT: JsonObject = {
  description: "How to find and add MCP servers while you work.",
  messages: [
    {
      role: "user",
      content: {
        type: "text",
        text: [
          "You can get more tools while you work, from a catalog of MCP servers.",
          "- mcp-find looks for servers by words: what you want to do, or the name of a service. It tells which secrets and settings a server needs.",
          "- mcp-add adds a server by its exact name; its tools can then be used at once. Secrets are set by a person on the host: pass on the command that the answer names, and never ask for a secret yourself.",
          "- mcp-config-set gives a server its settings.",
          "- mcp-exec calls a tool by name, also one that is not in the list of tools.",
          "- mcp-remove takes a server away again, and with it what its tools cost in your context.",
          "When no tool of yours fits a task, look for a server before you say that it cannot be done.",
        ].join("\n"),
      },
    },
  ],
};
