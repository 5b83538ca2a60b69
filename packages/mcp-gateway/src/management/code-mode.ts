import * as z from "zod";
import { codeModeCreatedText, codeModeToolName, defineCodeModeTool } from "../code-mode/code-mode-tool.ts";
import type { CodeModeTool } from "../code-mode/tool-arguments.ts";
import { failedResult, type ToolResult } from "../interceptors/tool-call.ts";
import { member, text, type JsonObject } from "../jsonrpc/json.ts";
import type { Cause } from "../scope-member.ts";
import { callServerTool } from "../tools/call-tool.ts";
import { errorResult, textResult } from "../tools/tool-result.ts";
import type { Scope } from "../view/scope.ts";
import { addServer, unknownServer } from "./add-server.ts";
import { checkArguments } from "./arguments.ts";
import type { ManagementTool } from "./management.ts";

const Arguments = z.object({
  servers: z.array(z.string().min(1).max(100)).min(1).max(50),
  name: z.string(),
});
/** Script tools that a scope may have. */
const MAX_SCRIPTS = 50;

/** `code-mode`: make a tool that runs scripts over the tools of some servers. */
export const codeModeTool: ManagementTool = {
  definition: {
    name: "code-mode",
    title: "Make a tool for scripts",
    description: "Make a tool that runs JavaScript with one function for each tool of the given servers, so that many calls take one round. The servers are added where they are not yet.",
    inputSchema: {
      type: "object",
      properties: {
        servers: { type: "array", items: { type: "string" }, minItems: 1, description: "Names of the servers whose tools the script may call." },
        name: { type: "string", description: "Name of the new tool; it is called code-mode-NAME." },
      },
      required: ["servers", "name"],
    },
    annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  },
  run: async ({ session: { scope }, args, cause }) => {
    const checked = checkArguments(Arguments, args);
    if (!checked.ok) return checked.answer;
    const name = codeModeToolName(checked.value.name);
    if (name === undefined) return errorResult("Error: name parameter is invalid: it has at most 53 letters, digits, dashes and underscores, and begins with a letter or digit");
    const servers = [...new Set(checked.value.servers)];
    for (const server of servers) {
      if (scope.slot(server) !== undefined) continue;
      const entry = scope.parts.catalog.find(server, scope.caller);
      if (entry === undefined) return unknownServer(server);
      const added = await addServer({ scope, entry, cause }, { activate: false });
      if ("answer" in added) return added.answer;
    }
    if (scope.scripts.size >= MAX_SCRIPTS && !scope.scripts.has(name)) return errorResult(`Error: There are ${MAX_SCRIPTS} tools for scripts. Use one of them.`);
    await scope.fullView(cause.signal);
    const definition = defineCodeModeTool(name, scriptTools(scope, servers));
    // Made of texts and of schemas that came as JSON.
    scope.scripts.set(name, { servers, definition: definition as unknown as JsonObject });
    scope.notices.add(["tools"]);
    scope.notices.flush();
    return textResult(codeModeCreatedText(definition, servers));
  },
};

const ScriptArguments = z.object({ script: z.string().min(1).max(1_000_000) });

/** Run a script with a tool that `code-mode` made. */
export async function runScript(scope: Scope, name: string, { args, cause }: { readonly args: JsonObject; readonly cause: Cause }): Promise<JsonObject> {
  const checked = checkArguments(ScriptArguments, args);
  if (!checked.ok) return checked.answer;
  const tool = scope.scripts.get(name);
  const { codeMode } = scope.parts;
  if (tool === undefined || codeMode === undefined) return errorResult(`Error: There is no tool '${name}'. Make it with code-mode.`);
  await scope.fullView(cause.signal);
  const { script } = checked.value;
  const result = await codeMode.run(
    {
      script,
      tools: scriptTools(scope, tool.servers),
      callTool: async ({ name: called, arguments: inner }, signal) => {
        const found = scope.view().tools.get(called);
        // A server that was removed meanwhile is out of reach of the script, too.
        if (found === undefined || !tool.servers.includes(found.slot.entry.name)) return failedResult(`there is no tool '${called}' any more`);
        const request = { tool: found, args: inner as JsonObject, cause: { ...cause, signal: AbortSignal.any([signal, cause.signal]) }, via: "code-mode" } as const;
        return (await callServerTool(scope, request)) as unknown as ToolResult;
      },
    },
    cause.signal,
  );
  return result as unknown as JsonObject;
}

/** The tools of some servers, as far as this scope still has them. */
function scriptTools(scope: Scope, servers: readonly string[]): readonly CodeModeTool[] {
  return [...scope.view().tools.values()]
    .filter(({ slot }) => servers.includes(slot.entry.name))
    .map(({ name, definition }) => ({ name, description: text(definition, "description"), inputSchema: member(definition, "inputSchema") ?? {} }));
}
