import * as z from "zod";
import { textResult } from "../tools/tool-result.ts";
import { unknownServer } from "./add-server.ts";
import { costOf } from "./cost-of.ts";
import { checkArguments } from "./arguments.ts";
import type { ManagementTool } from "./management.ts";

const Arguments = z.object({ name: z.string().min(1).max(100) });

/** `mcp-remove`: take a server from this scope, and stop it. */
export const removeServerTool: ManagementTool = {
  definition: {
    name: "mcp-remove",
    title: "Remove an MCP server",
    description: "Remove an MCP server that was added, and its tools from the list. Frees what they take of your context.",
    inputSchema: { type: "object", properties: { name: { type: "string", description: "Name of the server to remove." } }, required: ["name"] },
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  },
  run: async ({ session: { scope }, args, cause }) => {
    const checked = checkArguments(Arguments, args);
    if (!checked.ok) return checked.answer;
    const { name } = checked.value;
    const { state, catalog, record } = scope.parts;
    // Before the state is read, since it takes time.
    const tools = [...scope.view().tools.values()].filter(({ slot }) => slot.entry.name === name);
    const saved = await costOf(scope, tools, cause.signal);
    const servers = state.servers(scope.caller);
    const had = servers.some((server) => server.name === name);
    if (!had && catalog.find(name, scope.caller) === undefined) return unknownServer(name);
    if (had) {
      state.put(
        scope.caller,
        servers.filter((server) => server.name !== name),
      );
      await scope.refresh();
      scope.notices.flush();
      record({
        type: "server.removed",
        ...(scope.caller.kind === "sandbox" ? { sandbox: scope.caller.sandbox } : {}),
        fields: { server: name, ...(saved === undefined ? {} : { tokensSaved: saved }) },
      });
    }
    return textResult(`Successfully removed server '${name}'.`);
  },
};
