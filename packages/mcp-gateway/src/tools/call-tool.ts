import { AppError, type EventFields } from "@sbx/contracts";
import { member, text, type JsonObject } from "../jsonrpc/json.ts";
import { RPC_CODES, RpcFailure } from "../jsonrpc/message.ts";
import type { ToolCall, ToolResult } from "../interceptors/tool-call.ts";
import type { Caller, ToolInterceptor } from "../ports.ts";
import type { Cause } from "../scope-member.ts";
import { jsonBytes } from "../upstream/json-bytes.ts";
import { presentUris } from "../view/present.ts";
import type { Scope } from "../view/scope.ts";
import type { ViewTool } from "../view/server-slot.ts";
import { problemResult, readToolResult } from "./tool-result.ts";

/** One call of a server's tool, however it was asked for. */
export interface ToolRequest {
  readonly tool: ViewTool;
  readonly args: JsonObject;
  /** As the client sent it, without what belongs to its own connection. */
  readonly meta?: JsonObject | undefined;
  readonly cause: Cause;
  readonly onProgress?: ((params: JsonObject) => void) | undefined;
  /** The gateway's tool through which it was called, for the record. */
  readonly via?: "mcp-exec" | "code-mode" | undefined;
}

/** A wait for a tool, by a client that may have asked to hear of progress. */
export interface ToolSearch {
  readonly signal: AbortSignal;
  readonly onProgress?: ((params: JsonObject) => void) | undefined;
}

/**
 * Find a tool by the name that the scope knows. Servers of which nothing is known yet are asked, and one that is just being
 * installed or started is waited for, with a word of progress for each step.
 *
 * @throws RpcFailure for an unknown one
 */
export async function findTool(scope: Scope, name: string, { signal, onProgress }: ToolSearch): Promise<ViewTool> {
  let found = scope.view().tools.get(name);
  if (found === undefined) {
    const tell = stepProgress(onProgress);
    await scope.awaitTool(name, signal, tell);
    found = scope.view().tools.get(name) ?? (await scope.fullView(signal)).tools.get(name);
  }
  if (found === undefined) throw new RpcFailure(RPC_CODES.invalidParams, `Unknown tool: ${name.slice(0, 200)}`);
  return found;
}

/** Tells of each step on the way to a server. */
export function stepProgress(onProgress: ToolSearch["onProgress"]): (server: string, step: string) => void {
  return (server, step) => onProgress?.({ message: `${server}: ${step}` });
}

/**
 * Call a tool of a server. Every call goes through here: interceptors, times and the record see the server's own tool, whoever calls it
 * and by which way. What fails on the way comes back as a result that the model can read.
 *
 * @throws RpcFailure with what the server itself answers as an error
 */
export async function callServerTool(scope: Scope, { tool, args, meta, cause, onProgress, via }: ToolRequest): Promise<JsonObject> {
  const { slot } = tool;
  const server = slot.entry.name;
  const call: ToolCall = { server, name: tool.tool, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) };
  const begun = performance.now();
  const seen = { reached: false };
  const send = async (last: ToolCall): Promise<ToolResult> => {
    seen.reached = true;
    // What an interceptor hands on goes out as JSON again.
    const params = { name: tool.tool, arguments: last.arguments, ...(last._meta === undefined ? {} : { _meta: last._meta }) } as JsonObject;
    // A script and a hook of the person's take a result only whole.
    const keep = via !== "code-mode" && scope.parts.interceptors.every(({ takesLarge }) => takesLarge === true) ? cause.keep : undefined;
    const result = await slot.instance.request("tools/call", params, { cause, onProgress, keep });
    slot.instance.proven();
    return readToolResult(
      presentUris(result, (uri) => scope.uris.shown(server, uri)),
      server,
    );
  };
  let outcome: EventFields = {};
  try {
    // As above: it is JSON, whoever made it.
    const result = (await throughInterceptors(scope.parts.interceptors, { call, send, caller: scope.caller, signal: cause.signal })) as JsonObject;
    outcome = { isError: result["isError"] === true, bytes: jsonBytes(result) };
    return result;
  } catch (error) {
    outcome = { isError: true, bytes: 0, ...(AppError.is(error) ? { code: error.code } : {}) };
    if (AppError.is(error) && !cause.signal.aborted) return problemResult(error);
    throw error;
  } finally {
    scope.parts.record({
      type: seen.reached ? "tool.called" : "tool.denied",
      ...(scope.caller.kind === "sandbox" ? { sandbox: scope.caller.sandbox } : {}),
      fields: { server, tool: tool.tool, durationMs: Math.round(performance.now() - begun), ...outcome, ...(via === undefined ? {} : { via }) },
    });
  }
}

interface Passage {
  readonly call: ToolCall;
  readonly send: (call: ToolCall) => Promise<ToolResult>;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

async function throughInterceptors(interceptors: readonly ToolInterceptor[], { call, send, caller, signal }: Passage): Promise<ToolResult> {
  const [first, ...rest] = interceptors;
  if (first === undefined) return await send(call);
  const next = async (changed: ToolCall): Promise<ToolResult> => await throughInterceptors(rest, { call: { ...changed, server: call.server, name: call.name }, send, caller, signal });
  return await first.around(call, { caller, next, signal });
}

/** Arguments and `_meta` of a `tools/call`, without the token of the client's own connection. @throws RpcFailure */
export function readCall(params: JsonObject | undefined): {
  readonly name: string;
  readonly args: JsonObject;
  readonly meta: JsonObject | undefined;
  readonly progressToken: string | number | undefined;
} {
  const name = text(params, "name");
  if (name === undefined) throw new RpcFailure(RPC_CODES.invalidParams, "Invalid params: name is a text.");
  const given = params?.["arguments"];
  const args = given === undefined || given === null ? {} : member(params, "arguments");
  if (args === undefined) throw new RpcFailure(RPC_CODES.invalidParams, "Invalid params: arguments are an object.");
  return { name, args, ...readMeta(params) };
}

/** It goes back with each step of a server, which may be thousands in a second. */
const MAX_TOKEN_LENGTH = 256;

/** `_meta` of a request, parted from the token by which the client wants to hear of progress. @throws RpcFailure */
export function readMeta(params: JsonObject | undefined): { readonly meta: JsonObject | undefined; readonly progressToken: string | number | undefined } {
  const whole = member(params, "_meta");
  if (whole === undefined) return { meta: undefined, progressToken: undefined };
  const { progressToken, ...meta } = whole;
  if (typeof progressToken === "string" && progressToken.length > MAX_TOKEN_LENGTH)
    throw new RpcFailure(RPC_CODES.invalidParams, `Invalid params: a progressToken has at most ${MAX_TOKEN_LENGTH} characters.`);
  return { meta: Object.keys(meta).length === 0 ? undefined : meta, progressToken: typeof progressToken === "string" || typeof progressToken === "number" ? progressToken : undefined };
}
