import { member, objects, text, type JsonObject } from "../jsonrpc/json.ts";
import { RPC_CODES, RpcFailure, type RpcNotification, type RpcRequest } from "../jsonrpc/message.ts";
import type { Cause, ScopeMember } from "../scope-member.ts";
import { methodUnknown } from "../upstream/connection.ts";
import type { ServerInstance } from "../upstream/instance.ts";
import { takesForms } from "./client-capabilities.ts";
import type { Scope } from "./scope.ts";
import type { ServerSlot } from "./server-slot.ts";
import { isPageToVisit, shownQuestion } from "./shown-question.ts";

/** A request of a server, with who sent it. */
export interface ServerAsk {
  readonly instance: ServerInstance;
  readonly server: string;
  readonly slot: ServerSlot | undefined;
  readonly request: RpcRequest;
  readonly signal: AbortSignal;
}

const MAX_VISITS = 100;

/**
 * Answer what a server asks of a client. A question reaches a client only in the course of that client's own call, only
 * in that session, and only when the client said that it can answer; everything else is refused.
 */
export async function answerServer(scope: Scope, ask: ServerAsk): Promise<JsonObject> {
  switch (ask.request.method) {
    case "roots/list":
      return await rootsFor(scope, ask);
    case "elicitation/create":
      return await elicit(ask);
    case "sampling/createMessage":
      if (scope.parts.sampling !== "forward") throw new RpcFailure(RPC_CODES.invalidRequest, "This gateway lets no server use the client's model.");
      return await sample(ask);
    default:
      throw methodUnknown(ask.request.method);
  }
}

async function elicit({ instance, server, slot, request, signal }: ServerAsk): Promise<JsonObject> {
  const cause = causeOf(instance);
  const declared = member(cause.member.capabilities, "elicitation");
  if (declared === undefined) throw methodUnknown(request.method);
  const isVisit = isPageToVisit(request.params);
  if (isVisit ? member(declared, "url") === undefined : !takesForms(declared)) throw new RpcFailure(RPC_CODES.invalidParams, `The client takes no questions of mode ${isVisit ? "url" : "form"}.`);
  const params = shownQuestion(server, request.params ?? {});
  const id = text(params, "elicitationId");
  if (isVisit && id !== undefined && slot !== undefined) rememberVisit(slot, id, cause.member);
  return await forward(cause, { ...request, params }, signal);
}

async function sample({ instance, request, signal }: ServerAsk): Promise<JsonObject> {
  const cause = causeOf(instance);
  const declared = member(cause.member.capabilities, "sampling");
  if (declared === undefined) throw methodUnknown(request.method);
  const wantsTools = request.params?.["tools"] !== undefined || request.params?.["toolChoice"] !== undefined;
  if (wantsTools && member(declared, "tools") === undefined) throw new RpcFailure(RPC_CODES.invalidParams, "The client samples without tools.");
  return await forward(cause, request, signal);
}

/** Roots as the server sees them; none unless its runner can say where it sees them. */
async function rootsFor(scope: Scope, { instance, signal }: ServerAsk): Promise<JsonObject> {
  const connection = instance.running;
  const cause = instance.soleCause();
  const asked = cause?.member ?? [...scope.members].find((one) => member(one.capabilities, "roots") !== undefined);
  if (connection === undefined || asked === undefined || member(asked.capabilities, "roots") === undefined || !connection.seesRoots) return { roots: [] };
  const answer = await asked.ask("roots/list", undefined, { related: cause?.member === asked ? cause.related : undefined, signal });
  const roots = objects(answer, "roots").flatMap((root) => {
    const seen = connection.rootSeenAs(text(root, "uri") ?? "");
    return seen === undefined ? [] : [{ ...root, uri: seen }];
  });
  return { roots };
}

function causeOf(instance: ServerInstance): Cause {
  const cause = instance.soleCause();
  if (cause === undefined) throw new RpcFailure(RPC_CODES.invalidRequest, "Nobody can be asked: no call, or calls of several sessions, are under way.");
  return cause;
}

async function forward(cause: Cause, { method, params }: RpcRequest, signal: AbortSignal): Promise<JsonObject> {
  // Progress of an answer is not passed on, so no token is.
  const { progressToken: _, ...meta } = member(params, "_meta") ?? {};
  return await cause.member.ask(method, { ...params, ...(params?.["_meta"] === undefined ? {} : { _meta: meta }) }, { related: cause.related, signal: AbortSignal.any([signal, cause.signal]) });
}

function rememberVisit(slot: ServerSlot, id: string, who: ScopeMember): void {
  slot.visits.set(id, who);
  const [oldest] = slot.visits.keys();
  if (slot.visits.size > MAX_VISITS && oldest !== undefined) slot.visits.delete(oldest);
}

/** Pass on what a server tells, to those whom it concerns. */
export function hearServer(scope: Scope, slot: ServerSlot, { method, params }: RpcNotification): void {
  switch (method) {
    case "notifications/tools/list_changed":
    case "notifications/prompts/list_changed":
    case "notifications/resources/list_changed":
      slot.rereading.request();
      return;
    case "notifications/resources/updated":
      tellSubscribers(slot, params ?? {});
      return;
    case "notifications/message":
      tellLog(scope, slot, params ?? {});
      return;
    case "notifications/elicitation/complete": {
      const id = text(params, "elicitationId");
      const who = id === undefined ? undefined : slot.visits.get(id);
      if (id !== undefined) slot.visits.delete(id);
      who?.tell(method, params);
      return;
    }
    default:
      // What no revision knows is told to nobody.
      return;
  }
}

function tellSubscribers(slot: ServerSlot, params: JsonObject): void {
  const uri = text(params, "uri");
  if (uri === undefined) return;
  for (const [subscribed, members] of slot.subscriptions) {
    // A server may speak of a part of what was subscribed to.
    if (uri !== subscribed && !uri.startsWith(`${subscribed.replace(/\/$/, "")}/`)) continue;
    for (const [member, shown] of members) member.tell("notifications/resources/updated", { ...params, uri: uri === subscribed ? shown : shown + uri.slice(subscribed.length) });
  }
}

/** In the course of one session's call a message belongs to that call; else all sessions of the scope hear it. */
function tellLog(scope: Scope, slot: ServerSlot, params: JsonObject): void {
  const level = text(params, "level") ?? "info";
  const logger = text(params, "logger");
  const told = { ...params, logger: logger === undefined ? slot.entry.name : `${slot.entry.name}: ${logger}` };
  const cause = slot.instance.soleCause();
  if (cause !== undefined) {
    if (cause.member.wantsLog(level)) cause.member.tell("notifications/message", told, cause.related);
    return;
  }
  for (const member of scope.members) if (member.wantsLog(level)) member.tell("notifications/message", told);
}
