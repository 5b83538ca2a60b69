import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError, JsonRefused, parseJsonBytes } from "@sbx/contracts";
import type { Json } from "../jsonrpc/json.ts";
import { messageFromJson, RPC_CODES, RpcFailure, type RpcMessage } from "../jsonrpc/message.ts";
import type { Caller } from "../ports.ts";
import type { ScopeRegistry } from "../scope-registry.ts";
import { claimedRevision, HEADERLESS_REVISION, isRevision, REVISIONS } from "../versions.ts";
import { accepts, singleHeader } from "./guard-request.ts";
import { readBody } from "./read-body.ts";
import { HttpRefusal } from "./refusal.ts";
import { SessionRegistry, ownerOf, type Entry } from "./session-registry.ts";
import { SessionStreams } from "./session-streams.ts";

/** From this revision on, clients know events without data. */
const PRIMING_SINCE = "2025-11-25";
const ENDED = new AppError("SESSION_NOT_FOUND", { message: "The client ended its session.", fix: "Initialize a new one." });

/** Streamable HTTP as revisions 2025-03-26 to 2025-11-25 have it: one path, sessions, streams that can be resumed. */
export class StreamableHttp {
  readonly #scopes: ScopeRegistry;
  readonly #sessions: SessionRegistry<SessionStreams>;

  constructor(scopes: ScopeRegistry) {
    this.#scopes = scopes;
    this.#sessions = new SessionRegistry(scopes.parts.limits);
  }

  /** Answer one request. @throws HttpRefusal */
  async handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
    switch (request.method) {
      case "POST":
        await this.#post(request, response, caller);
        return;
      case "GET":
        this.#get(request, response, caller);
        return;
      case "DELETE":
        refuseUnknownRevision(request);
        this.#sessionOf(request, caller).session.end(ENDED);
        response.writeHead(204).end();
        return;
      default:
        throw new HttpRefusal(405, "Method not allowed.");
    }
  }

  endAll(reason: Error): void {
    this.#sessions.endAll(reason);
  }

  async #post(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
    if (!accepts(request, "application/json") || !accepts(request, "text/event-stream")) throw new HttpRefusal(406, "Not acceptable: the client must accept application/json and text/event-stream.");
    requireJson(request);
    const message = readMessage(await readBody(request, { limits: this.#scopes.parts.limits, budget: this.#scopes.bodiesOf(caller) }));
    refuseModern(request, message);
    const { session, outlet } = message.kind === "request" && message.method === "initialize" ? this.#open(caller) : this.#sessionOf(request, caller);
    if (message.kind !== "request") {
      session.receive(message);
      const cancelled = message.kind === "notification" && message.method === "notifications/cancelled" ? message.params?.["requestId"] : undefined;
      if (typeof cancelled === "string" || typeof cancelled === "number") outlet.abandon(cancelled);
      response.writeHead(202).end();
      return;
    }
    if (outlet.expects(message.id)) throw new HttpRefusal(400, "Invalid request: a request with this id is not answered yet.", { code: RPC_CODES.invalidRequest });
    outlet.expect(message.id, response);
    session.receive(message);
  }

  #get(request: IncomingMessage, response: ServerResponse, caller: Caller): void {
    if (!accepts(request, "text/event-stream")) throw new HttpRefusal(406, "Not acceptable: the client must accept text/event-stream.");
    refuseUnknownRevision(request);
    const { outlet } = this.#sessionOf(request, caller);
    const lastEventId = singleHeader(request, "last-event-id");
    if (lastEventId === undefined) outlet.stand(response);
    else outlet.resume(lastEventId, response);
  }

  #open(caller: Caller): Entry<SessionStreams> {
    const outlet: SessionStreams = new SessionStreams({
      limits: this.#scopes.parts.limits,
      budget: () => session.scope.budget,
      kept: () => session.scope.kept,
      headers: () => ({ "mcp-session-id": session.id }),
      primes: () => session.revision >= PRIMING_SINCE,
    });
    const session = this.#scopes.openSession(caller, outlet, (ended) => {
      this.#sessions.remove(ended);
    });
    const entry = { session, outlet, owner: ownerOf(caller) };
    this.#sessions.add(entry);
    return entry;
  }

  #sessionOf(request: IncomingMessage, caller: Caller): Entry<SessionStreams> {
    const id = singleHeader(request, "mcp-session-id");
    if (id === undefined) throw new HttpRefusal(400, "Bad request: the Mcp-Session-Id header is missing. Initialize first.");
    const entry = this.#sessions.find(id, caller);
    if (entry === undefined) throw new HttpRefusal(404, "Session not found. Initialize a new one.", { code: RPC_CODES.sessionUnknown });
    return entry;
  }
}

/** @throws HttpRefusal 415 for anything but JSON in UTF-8 */
export function requireJson(request: IncomingMessage): void {
  const [type = "", ...parameters] = (singleHeader(request, "content-type") ?? "").split(";").map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="));
  if (type !== "application/json" || (charset !== undefined && !/^charset="?utf-8"?$/.test(charset))) throw new HttpRefusal(415, "Unsupported media type: the body is application/json in UTF-8.");
  if (singleHeader(request, "content-encoding") !== undefined) throw new HttpRefusal(415, "Unsupported media type: the body is not compressed.");
}

/** Understand a body as one message. @throws HttpRefusal 400 */
export function readMessage(body: Buffer): RpcMessage {
  let value: Json;
  try {
    value = parseJsonBytes(body);
  } catch (error) {
    if (error instanceof JsonRefused) throw new HttpRefusal(400, `Parse error: ${error.message}.`, { code: RPC_CODES.parse });
    throw error;
  }
  if (Array.isArray(value)) throw new HttpRefusal(400, "Invalid request: batches are not taken. Send messages one by one.", { code: RPC_CODES.invalidRequest });
  try {
    const message = messageFromJson(value);
    return message.kind === "request" ? { ...message, bytes: heldBytes(body) } : message;
  } catch (error) {
    if (error instanceof RpcFailure) throw new HttpRefusal(400, error.message, { code: error.code });
    throw error;
  }
}

/** What each value of JSON takes beside its bytes, at least. */
const VALUE_BYTES = 32;

/** About what a body takes in memory once it was understood: many small values take more than their bytes. */
function heldBytes(body: Buffer): number {
  let values = 0;
  // A comma, a list and an object begin one.
  for (const byte of body) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) values += 1;
  return body.length + values * VALUE_BYTES;
}

/**
 * A client of a revision without `initialize` is told which revisions we speak; it then begins with one of them. That is the place
 * where a stateless revision will be served from.
 */
function refuseModern(request: IncomingMessage, message: RpcMessage): void {
  const params = message.kind === "request" || message.kind === "notification" ? message.params : undefined;
  const claimed = claimedRevision(params) ?? singleHeader(request, "mcp-protocol-version") ?? HEADERLESS_REVISION;
  const discovers = message.kind === "request" && message.method === "server/discover";
  if (isRevision(claimed) && !discovers) return;
  throw unsupported(claimed, message.kind === "request" ? message.id : undefined);
}

function refuseUnknownRevision(request: IncomingMessage): void {
  const claimed = singleHeader(request, "mcp-protocol-version") ?? HEADERLESS_REVISION;
  if (!isRevision(claimed)) throw unsupported(claimed, undefined);
}

function unsupported(requested: string, id: string | number | undefined): HttpRefusal {
  return new HttpRefusal(400, "Bad request: unsupported protocol version. Initialize with one that is supported.", {
    code: RPC_CODES.versionUnsupported,
    id,
    data: { supported: [...REVISIONS], requested: requested.slice(0, 64) },
  });
}
