import { isObject, member, text, type Json, type JsonObject } from "../jsonrpc/json.ts";
import { RPC_CODES, RpcFailure, type RpcRequest } from "../jsonrpc/message.ts";
import { DISCOVER_PROMPT, DISCOVER_TEXT } from "../management/discover-prompt.ts";
import { manage, managementTools } from "../management/management-tools.ts";
import type { Cause } from "../scope-member.ts";
import { callServerTool, findTool, readCall, readMeta } from "../tools/call-tool.ts";
import { methodUnknown } from "../upstream/connection.ts";
import { isLogLevel } from "../view/log-levels.ts";
import { presentUris } from "../view/present.ts";
import { passLogLevel } from "../view/restore.ts";
import type { ServerSlot } from "../view/server-slot.ts";
import { slotOfResource, subscribe, unsubscribe } from "../view/subscriptions.ts";
import type { Session } from "./session.ts";

type Method = (session: Session, params: JsonObject | undefined, cause: Cause) => Promise<JsonObject>;

const METHODS: Readonly<Record<string, Method>> = {
  "tools/list": async (session, _params, { signal }) => {
    const { scope } = session;
    await scope.fullView(signal);
    session.gaveTools();
    const { tools } = scope.view();
    const listed = [...tools.values()].filter((tool) => tool.listed).map(({ definition }) => definition);
    return { tools: [...managementTools(scope), ...listed] };
  },
  "tools/call": async (session, params, cause) => {
    const { name, args, meta, progressToken } = readCall(params);
    const onProgress = progressRelay(session, cause, progressToken);
    const managed = await manage({ session, name, args, cause, onProgress });
    if (managed !== undefined) return managed;
    const tool = await findTool(session.scope, name, { signal: cause.signal, onProgress });
    return await callServerTool(session.scope, { tool, args, meta, cause, onProgress });
  },
  "prompts/list": async ({ scope }, _params, { signal }) => {
    const { prompts } = await scope.fullView(signal);
    const own = scope.parts.management ? [DISCOVER_PROMPT] : [];
    return { prompts: [...own, ...[...prompts.values()].map(({ definition }) => definition)] };
  },
  "prompts/get": async (session, params, cause) => {
    const name = required(params, "name");
    if (name === DISCOVER_PROMPT["name"]) return { ...DISCOVER_TEXT };
    const prompt = (await session.scope.fullView(cause.signal)).prompts.get(name);
    if (prompt === undefined) throw new RpcFailure(RPC_CODES.invalidParams, `Unknown prompt: ${name.slice(0, 200)}`);
    return lookedOver(session, await relay(session, prompt.slot, { method: "prompts/get", params: { ...params, name: prompt.prompt }, cause }));
  },
  "resources/list": async ({ scope }, _params, { signal }) => ({ resources: (await scope.fullView(signal, { resources: true })).resources }),
  "resources/templates/list": async ({ scope }, _params, { signal }) => ({ resourceTemplates: (await scope.fullView(signal, { resources: true })).templates }),
  "resources/read": async (session, params, cause) => {
    await session.scope.fullView(cause.signal, { resources: true });
    const shown = required(params, "uri");
    const { slot, uri } = slotOfResource(session.scope, shown);
    const result = lookedOver(session, await relay(session, slot, { method: "resources/read", params: { ...params, uri }, cause }));
    // Whoever asked under the long form gets it back.
    return shown === uri ? result : presentUris(result, (one) => (one === uri ? shown : session.scope.uris.shown(slot.entry.name, one)));
  },
  "resources/subscribe": async (session, params, cause) => {
    await session.scope.fullView(cause.signal, { resources: true });
    await subscribe(session.scope, required(params, "uri"), cause);
    return {};
  },
  "resources/unsubscribe": async (session, params, cause) => {
    await session.scope.fullView(cause.signal, { resources: true });
    unsubscribe(session.scope, required(params, "uri"), session);
    return {};
  },
  "completion/complete": complete,
  "logging/setLevel": async (session, params) => {
    const level = text(params, "level");
    if (!isLogLevel(level)) throw new RpcFailure(RPC_CODES.invalidParams, "Invalid params: level is one of debug, info, notice, warning, error, critical, alert, emergency.");
    session.setLogLevel(level);
    for (const { instance } of session.scope.slots) if (instance.running !== undefined) passLogLevel(instance.running, session.scope.members);
    return await Promise.resolve({});
  },
};

/** What the interceptors leave of a prompt or a resource, the innermost first. */
function lookedOver({ scope }: Session, answer: JsonObject): JsonObject {
  return scope.parts.interceptors.reduceRight((left, interceptor) => interceptor.answer?.(left) ?? left, answer);
}

/** Answer what a client asks after `initialize`. @throws RpcFailure */
export async function answerMethod(session: Session, { method, params }: RpcRequest, cause: Cause): Promise<JsonObject> {
  const handler = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined;
  if (handler === undefined) throw methodUnknown(method);
  return await handler(session, params, cause);
}

async function complete(session: Session, params: JsonObject | undefined, cause: Cause): Promise<JsonObject> {
  const ref = member(params, "ref");
  if (text(ref, "type") === "ref/prompt") {
    const prompt = (await session.scope.fullView(cause.signal)).prompts.get(required(ref, "name"));
    if (prompt === undefined) throw new RpcFailure(RPC_CODES.invalidParams, "Unknown prompt");
    return await completion(session, prompt.slot, { params: { ...params, ref: { ...ref, name: prompt.prompt } }, cause });
  }
  if (text(ref, "type") !== "ref/resource") throw new RpcFailure(RPC_CODES.invalidParams, "Invalid params: ref is a prompt or a resource.");
  await session.scope.fullView(cause.signal, { resources: true });
  const { slot, uri } = slotOfResource(session.scope, required(ref, "uri"));
  return await completion(session, slot, { params: { ...params, ref: { ...ref, uri } }, cause });
}

/** A server that completes nothing has nothing to offer, which is no error. */
async function completion(session: Session, slot: ServerSlot, { params, cause }: { readonly params: JsonObject; readonly cause: Cause }): Promise<JsonObject> {
  if (slot.lists?.capabilities["completions"] === undefined) return { completion: { values: [], hasMore: false } };
  return await relay(session, slot, { method: "completion/complete", params, cause });
}

interface Relayed {
  readonly method: string;
  readonly params: JsonObject;
  readonly cause: Cause;
}

async function relay(session: Session, slot: ServerSlot, { method, params, cause }: Relayed): Promise<JsonObject> {
  const { meta, progressToken } = readMeta(params);
  const { _meta: _, ...rest } = params;
  const result = await slot.instance.request(method, meta === undefined ? rest : { ...rest, _meta: meta }, { cause, onProgress: progressRelay(session, cause, progressToken) });
  slot.instance.proven();
  return presentUris(result, (uri) => session.scope.uris.shown(slot.entry.name, uri));
}

/**
 * Tells the client of progress under its own token, in the course of its own request. Steps of ours on the way to a server
 * have no number: they are counted, and what the server then says goes on from there, so that the number only grows.
 */
function progressRelay(session: Session, { related }: Cause, progressToken: string | number | undefined): ((params: JsonObject) => void) | undefined {
  if (progressToken === undefined) return undefined;
  let steps = 0;
  const later = (value: Json | undefined): Json | undefined => (typeof value === "number" ? steps + value : value);
  return (params) => {
    const isStep = params["progress"] === undefined;
    if (isStep) steps += 1;
    const moved = Object.entries({ progress: isStep ? steps : later(params["progress"]), total: later(params["total"]) }).filter((entry): entry is [string, Json] => entry[1] !== undefined);
    session.tell("notifications/progress", { ...params, ...Object.fromEntries(moved), progressToken }, related);
  };
}

function required(params: JsonObject | undefined, key: string): string {
  const value = text(params, key);
  if (!isObject(params) || value === undefined) throw new RpcFailure(RPC_CODES.invalidParams, `Invalid params: ${key} is a text.`);
  return value;
}
