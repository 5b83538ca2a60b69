import { JsonRefused, parseJson } from "@sbx/contracts";
import * as z from "zod";
import { isObject, type Json, type JsonObject } from "../jsonrpc/json.ts";
import { RpcFailure } from "../jsonrpc/message.ts";
import { callServerTool, findTool } from "../tools/call-tool.ts";
import { errorResult } from "../tools/tool-result.ts";
import { isReserved, SCRIPT_PREFIX } from "../view/reserved-names.ts";
import type { ViewTool } from "../view/server-slot.ts";
import { checkArguments } from "./arguments.ts";
import { runScript } from "./code-mode.ts";
import type { ManagementTool } from "./management.ts";

const Arguments = z.object({ name: z.string().min(1).max(256), arguments: z.union([z.record(z.string(), z.json()), z.string(), z.null()]).optional() });

/** `mcp-exec`: call a tool by name, listed or not. */
export const execTool: ManagementTool = {
  definition: {
    name: "mcp-exec",
    title: "Call a tool by name",
    description: "Call a tool of a server that was added, by its name, also one that is not in the list of tools. The result is the tool's own.",
    inputSchema: {
      type: "object",
      properties: { name: { type: "string", description: "Name of the tool." }, arguments: { type: "object", description: "The tool's arguments.", additionalProperties: true } },
      required: ["name"],
    },
    annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
  },
  run: async ({ session, args, cause, onProgress }) => {
    const checked = checkArguments(Arguments, args);
    if (!checked.ok) return checked.answer;
    const { name } = checked.value;
    const inner = innerArguments(checked.value.arguments);
    if (inner === undefined) return errorResult("Error: arguments parameter is invalid: it is an object, or one written as JSON");
    if (name.startsWith(SCRIPT_PREFIX) && session.scope.scripts.has(name)) return await runScript(session.scope, name, { args: inner, cause });
    if (isReserved(name)) return errorResult(`Error: '${name}' is a tool of the gateway itself. Call it directly.`);
    let tool: ViewTool;
    try {
      tool = await findTool(session.scope, name, { signal: cause.signal, onProgress });
    } catch (error) {
      if (!(error instanceof RpcFailure)) throw error;
      return errorResult(`Error: Tool '${name}' not found in current session. Make sure the server providing this tool is added to the session.`);
    }
    return await callServerTool(session.scope, { tool, args: inner, cause, onProgress, via: "mcp-exec" });
  },
};

/** Some models write the arguments as text. */
function innerArguments(given: Json | undefined): JsonObject | undefined {
  if (given === undefined || given === null || given === "") return {};
  if (typeof given !== "string") return isObject(given) ? given : undefined;
  try {
    const parsed = parseJson(given);
    return isObject(parsed) ? parsed : undefined;
  } catch (error) {
    if (error instanceof JsonRefused) return undefined;
    throw error;
  }
}
