import * as z from "zod";
import { AppError, type EnabledServer, type ServerEntry } from "@sbx/contracts";
import { abortable } from "../abortable.ts";
import { text, type JsonObject } from "../jsonrpc/json.ts";
import { RpcFailure } from "../jsonrpc/message.ts";
import type { Cause } from "../scope-member.ts";
import { stepProgress, type ToolSearch } from "../tools/call-tool.ts";
import { errorResult, problemResult, textResult } from "../tools/tool-result.ts";
import type { Scope } from "../view/scope.ts";
import type { ViewTool } from "../view/server-slot.ts";
import { refusal, whatIsMissing } from "./admit-server.ts";
import { costOf } from "./cost-of.ts";
import { checkArguments } from "./arguments.ts";
import type { ManagementTool } from "./management.ts";

const Arguments = z.object({ name: z.string().min(1).max(100), activate: z.boolean().default(true) });

/** `mcp-add`: add a server of the catalog to this scope. */
export const addServerTool: ManagementTool = {
  definition: {
    name: "mcp-add",
    title: "Add an MCP server",
    description:
      "Add an MCP server of the catalog by its exact name, as mcp-find tells it. Its tools can be used as soon as this answers. With activate set to false they are not put into the list of tools, which saves context; call them with mcp-exec.",
    inputSchema: {
      type: "object",
      properties: {
        name: { type: "string", description: "Name of the server, as in the catalog." },
        activate: { type: "boolean", description: "Put the server's tools into the list of tools (default: true).", default: true },
      },
      required: ["name"],
    },
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  },
  run: async ({ session: { scope }, args, cause, onProgress }) => {
    const checked = checkArguments(Arguments, args);
    if (!checked.ok) return checked.answer;
    const { name, activate } = checked.value;
    const entry = scope.parts.catalog.find(name, scope.caller);
    if (entry === undefined) return unknownServer(name);
    const added = await addServer({ scope, entry, cause, onProgress }, { activate });
    return "answer" in added ? added.answer : textResult(await success({ scope, entry, cause }, { activate, tools: added.tools }));
  },
};

/** Say that no catalog has a server. */
export function unknownServer(name: string): JsonObject {
  return errorResult(`Error: Server '${name}' not found in catalog. Use mcp-find to search for available servers.`);
}

interface Addition {
  readonly scope: Scope;
  readonly entry: ServerEntry;
  readonly cause: Cause;
  readonly onProgress?: ToolSearch["onProgress"];
}

/**
 * Add a server: ask policy, look for what it lacks, start it, read its lists. When this returns its tools answer and
 * the clients were told of them. Whatever goes wrong, the scope has afterwards what it had before.
 */
export async function addServer(
  { scope, entry, cause, onProgress }: Addition,
  { activate, wanted }: { readonly activate: boolean; readonly wanted?: EnabledServer },
): Promise<{ readonly tools: readonly ViewTool[] } | { readonly answer: JsonObject }> {
  const before = scope.parts.state.servers(scope.caller).find(({ name }) => name === entry.name);
  const base = wanted ?? before ?? { name: entry.name, config: scope.drafts.get(entry.name) ?? {} };
  const answer = (await refusal({ scope, entry, config: base.config, cause })) ?? (await whatIsMissing({ scope, entry, config: base.config }));
  if (answer !== undefined) return { answer };
  const { unlisted: _, ...rest } = base;
  put(scope, { ...rest, ...(activate ? {} : { unlisted: true }) });
  await scope.refresh();
  const failure = await firstStart(scope, entry.name, { signal: cause.signal, onProgress }).catch(async (error: unknown) => {
    await putBack(scope, entry.name, before);
    throw error;
  });
  if (failure !== undefined) {
    await putBack(scope, entry.name, before);
    return { answer: problemResult(failure) };
  }
  scope.drafts.delete(entry.name);
  scope.notices.flush();
  if (activate) await abortable(cause.member.askedAgain(), cause.signal);
  const tools = [...scope.view().tools.values()].filter(({ slot }) => slot.entry.name === entry.name);
  const sandbox = scope.caller.kind === "sandbox" ? { sandbox: scope.caller.sandbox } : {};
  if (before === undefined) scope.parts.record({ type: "server.added", ...sandbox, fields: { server: entry.name, tools: tools.length, listed: activate } });
  return { tools };
}

/** Its tools are counted at the end: what that needs is made ready while it starts. */
async function firstStart(scope: Scope, server: string, search: ToolSearch): Promise<AppError | undefined> {
  if (scope.slot(server)?.lists === undefined) scope.parts.tokens?.expect();
  return await failureToStart(scope, server, search);
}

/** Start a server of the scope, or the one that runs, and read what it offers. Gives the expected failure; throws when the caller went away. */
export async function failureToStart(scope: Scope, server: string, { signal, onProgress }: ToolSearch): Promise<AppError | undefined> {
  const slot = scope.slot(server);
  if (slot === undefined) return new AppError("SERVER_UNKNOWN", { message: `Server '${server}' was removed meanwhile.`, fix: "Add it again if it is still wanted." });
  const tell = stepProgress(onProgress);
  const release = slot.instance.onStep((step) => {
    tell(server, step);
  });
  try {
    await abortable(scope.reread(slot), signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (AppError.is(error)) return error;
    if (error instanceof RpcFailure) return new AppError("SERVER_FAILED", { message: `Server '${server}' does not say what it offers: ${error.message}`, fix: "Use another version of the server." });
    throw error;
  } finally {
    release();
  }
}

async function putBack(scope: Scope, server: string, before: EnabledServer | undefined): Promise<void> {
  const { state } = scope.parts;
  if (before !== undefined) put(scope, before);
  else
    state.put(
      scope.caller,
      state.servers(scope.caller).filter(({ name }) => name !== server),
    );
  await scope.refresh();
}

/** Give a scope a server, or another form of one that it has, which keeps its place. */
export function put(scope: Scope, server: EnabledServer): void {
  const { state } = scope.parts;
  const servers = state.servers(scope.caller);
  const known = servers.some(({ name }) => name === server.name);
  state.put(scope.caller, known ? servers.map((one) => (one.name === server.name ? server : one)) : [...servers, server]);
}

async function success({ scope, entry: { name: server }, cause }: Addition, { activate, tools }: { readonly activate: boolean; readonly tools: readonly ViewTool[] }): Promise<string> {
  const shown = tools.map(({ definition }) => ({ name: text(definition, "name") ?? "", description: text(definition, "description") ?? "", inputSchema: definition["inputSchema"] ?? {} }));
  const tokens = await costOf(scope, tools, cause.signal);
  return [
    `Successfully added ${tools.length} tools in server '${server}'. Assume that it is fully configured and ready to use.`,
    "",
    "Newly added tools:",
    "```json",
    JSON.stringify({ tools: shown }),
    "```",
    ...(tokens === undefined ? [] : ["", `Their definitions take about ${tokens} tokens.`]),
    ...(activate ? [] : ["", "They are not in the list of tools: call them with mcp-exec."]),
  ].join("\n");
}
