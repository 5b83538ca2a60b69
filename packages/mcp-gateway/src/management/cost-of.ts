import { member, text } from "../jsonrpc/json.ts";
import type { Scope } from "../view/scope.ts";
import type { ViewTool } from "../view/server-slot.ts";

/** What tools cost in a context, where that is counted. Nothing fails because it cannot be: the fault is told, and no number. */
export async function costOf({ parts }: Scope, tools: readonly ViewTool[], signal: AbortSignal): Promise<number | undefined> {
  if (parts.tokens === undefined) return undefined;
  try {
    const definitions = tools.map(({ name, definition }) => ({ name, description: text(definition, "description"), inputSchema: member(definition, "inputSchema") ?? {} }));
    return (await parts.tokens.count(definitions, signal)).reduce((total, tokens) => total + tokens, 0);
  } catch (error) {
    signal.throwIfAborted();
    parts.onFault(error);
    return undefined;
  }
}
