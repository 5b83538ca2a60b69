import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "@sbx/contracts";
import { jsonFromMessage, RPC_CODES, type RpcMessage } from "../jsonrpc/message.ts";
import type { Caller } from "../ports.ts";
import type { ScopeRegistry } from "../scope-registry.ts";
import type { Outlet } from "../session/session.ts";
import { EventStream } from "./event-stream.ts";
import { readBody } from "./read-body.ts";
import { HttpRefusal } from "./refusal.ts";
import { ownerOf, SessionRegistry } from "./session-registry.ts";
import { readMessage, requireJson } from "./streamable-http.ts";

/** Paths of the two endpoints of revision 2024-11-05. */
export const SSE_PATH = "/sse";
/** Where a client of {@link SSE_PATH} posts its messages. */
export const MESSAGES_PATH = "/messages";
const TOO_LARGE = { code: RPC_CODES.internal, message: "The result is too large for this transport. Use streamable HTTP, or ask for less at once." };
const GONE = new AppError("SESSION_NOT_FOUND", { message: "The client closed its stream.", fix: "Open a new one." });

/** HTTP with server-sent events as revision 2024-11-05 has it, for old clients: the stream is the session. */
export class LegacySse {
  readonly #scopes: ScopeRegistry;
  readonly #sessions: SessionRegistry<SseOutlet>;

  constructor(scopes: ScopeRegistry) {
    this.#scopes = scopes;
    this.#sessions = new SessionRegistry(scopes.parts.limits);
  }

  /** Open a session. @throws HttpRefusal */
  open(request: IncomingMessage, response: ServerResponse, caller: Caller): void {
    if (request.method !== "GET") throw new HttpRefusal(405, "Method not allowed.");
    const outlet = new SseOutlet();
    const session = this.#scopes.openSession(caller, outlet, (ended) => {
      this.#sessions.remove(ended);
    });
    this.#sessions.add({ session, outlet, owner: ownerOf(caller) });
    outlet.stream = new EventStream(response, {
      unreadBytes: this.#scopes.parts.limits.unreadBytes,
      budget: session.scope.budget,
      onGone: () => {
        session.end(GONE);
      },
    });
    outlet.stream.write({ event: "endpoint", data: `${MESSAGES_PATH}?sessionId=${session.id}` });
  }

  /** Take a message for a session. @throws HttpRefusal */
  async post(request: IncomingMessage, response: ServerResponse, { caller, id }: { readonly caller: Caller; readonly id: string | null }): Promise<void> {
    if (request.method !== "POST") throw new HttpRefusal(405, "Method not allowed.");
    requireJson(request);
    const entry = id === null ? undefined : this.#sessions.find(id, caller);
    if (entry === undefined) throw new HttpRefusal(404, "Session not found. Open a new stream.", { code: RPC_CODES.sessionUnknown });
    const message = readMessage(await readBody(request, { limits: this.#scopes.parts.limits, budget: this.#scopes.bodiesOf(caller) }));
    response.writeHead(202, { "content-type": "text/plain" }).end("Accepted");
    entry.session.receive(message);
  }

  endAll(reason: Error): void {
    this.#sessions.endAll(reason);
  }
}

class SseOutlet implements Outlet {
  stream: EventStream | undefined;

  get inUse(): boolean {
    return this.stream?.open === true;
  }

  get hears(): boolean {
    return this.inUse;
  }

  send(message: RpcMessage): void {
    // The one stream of the session carries all messages: a large one would hold up the others.
    const sent: RpcMessage = message.kind === "result" && message.large !== undefined ? { kind: "error", id: message.id, error: TOO_LARGE } : message;
    this.stream?.write({ event: "message", data: JSON.stringify(jsonFromMessage(sent)) });
  }

  close(): void {
    this.stream?.end();
  }
}
