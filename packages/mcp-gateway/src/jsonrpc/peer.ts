import { AppError } from "@sbx/contracts";
import { wholeJson } from "../large/json-pieces.ts";
import type { Spool } from "../large/spool.ts";
import { isObject, member, type JsonObject } from "./json.ts";
import { RPC_CODES, RpcFailure, type RequestId, type RpcMessage, type RpcNotification, type RpcRequest, type RpcResponse, type RpcResult } from "./message.ts";
import { PendingRequest, type RequestOptions } from "./pending-request.ts";

/** What the handler of a request is given beside it. */
export interface RequestContext {
  /** Fires when the other side cancelled the request, or went away. */
  readonly signal: AbortSignal;
  /** Keeps where the answer's large texts are until the answer was sent. */
  readonly keep: (large: Spool) => void;
}

export interface PeerOptions {
  /** Puts a message on its way. `related` names the other side's request that it belongs to, if there is one. Must not throw; resolves, if it takes a while, when the message needs nothing of ours any more. */
  readonly send: (message: RpcMessage, related: RequestId | undefined) => void | Promise<void>;
  readonly onRequest: (request: RpcRequest, context: RequestContext) => Promise<JsonObject>;
  readonly onNotification: (notification: RpcNotification) => void;
  /** A bug of ours: the other side is told of an internal error only. */
  readonly onFault: (error: unknown) => void;
  /** Requests in flight at a time, each way. */
  readonly maxInFlight: number;
  /** Takes room for a request of the other side until it is answered; the result gives it back, and none is given where there is no room. */
  readonly hold?: (bytes: number) => (() => void) | undefined;
  /** Characters of large texts that are put back into an answer for whoever takes it only whole. */
  readonly wholeCharacters?: number;
}

/**
 * One side of a conversation in JSON-RPC: ties answers to requests, carries cancellation and progress both ways, and
 * keeps every request within its time.
 */
export class Peer {
  readonly #options: PeerOptions;
  readonly #incoming = new Map<RequestId, AbortController>();
  readonly #outgoing = new Map<number, PendingRequest>();
  #nextId = 1;
  #closed: Error | undefined;
  /** Why the other side is asked nothing any more, and who waits until it has all its answers. */
  #last: { readonly reason: Error; readonly answered: () => void } | undefined;

  constructor(options: PeerOptions) {
    this.#options = options;
  }

  /** Requests of the other side that are not answered yet. */
  get incoming(): number {
    return this.#incoming.size;
  }

  /** Take a message of the other side. A response that nobody waits for is ignored. */
  receive(message: RpcMessage): void {
    if (this.#closed !== undefined) return;
    switch (message.kind) {
      case "request":
        void this.#answer(message);
        return;
      case "notification":
        this.#takeNotification(message);
        return;
      case "result":
      case "error":
        this.#settle(message);
        return;
    }
  }

  /**
   * Ask the other side.
   *
   * @throws RpcFailure with the other side's error; AppError `DEADLINE_EXCEEDED` after the other side was told that the
   * request is cancelled; the signal's reason
   */
  async request(method: string, params: JsonObject | undefined, options: RequestOptions): Promise<JsonObject> {
    const over = this.#closed ?? this.#last?.reason;
    if (over !== undefined) throw over;
    options.signal?.throwIfAborted();
    if (this.#outgoing.size >= this.#options.maxInFlight) throw new RpcFailure(RPC_CODES.internal, `More than ${this.#options.maxInFlight} requests are unanswered.`);
    const id = this.#nextId;
    this.#nextId += 1;
    const pending = new PendingRequest(options, (reason) => {
      if (method !== "initialize") this.notify("notifications/cancelled", { requestId: id, reason }, options.related);
    });
    this.#outgoing.set(id, pending);
    try {
      const sent = options.onProgress === undefined ? params : { ...params, _meta: { ...member(params, "_meta"), progressToken: id } };
      void this.#options.send({ kind: "request", id, method, ...(sent === undefined ? {} : { params: sent }) }, options.related);
      return await pending.outcome;
    } finally {
      this.#outgoing.delete(id);
      pending.release();
    }
  }

  /** Tell the other side something; `related` as in {@link PeerOptions.send}. */
  notify(method: string, params?: JsonObject, related?: RequestId): void {
    if (this.#closed !== undefined) return;
    void this.#options.send({ kind: "notification", method, ...(params === undefined ? {} : { params }) }, related);
  }

  /**
   * The other side says nothing more: what it was asked is rejected with `reason`. Resolves when all that it asked is
   * answered, or the conversation has ended.
   */
  async finish(reason: Error): Promise<void> {
    if (this.#closed !== undefined || this.#last !== undefined) return;
    const done = Promise.withResolvers<undefined>();
    this.#last = {
      reason,
      answered: () => {
        done.resolve(undefined);
      },
    };
    for (const pending of this.#outgoing.values()) pending.reject(reason);
    this.#settleLast();
    await done.promise;
  }

  /** End the conversation: what the other side asked is aborted, what it was asked is rejected with `reason`. */
  close(reason: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    for (const pending of this.#outgoing.values()) pending.reject(reason);
    for (const controller of this.#incoming.values()) controller.abort(reason);
    this.#incoming.clear();
    this.#settleLast();
  }

  async #answer(request: RpcRequest): Promise<void> {
    const { id } = request;
    if (this.#incoming.has(id)) {
      await this.#respond({ kind: "error", id, error: { code: RPC_CODES.invalidRequest, message: "Invalid request: a request with this id is not answered yet." } });
      return;
    }
    if (this.#incoming.size >= this.#options.maxInFlight) {
      await this.#respond({ kind: "error", id, error: { code: RPC_CODES.internal, message: `More than ${this.#options.maxInFlight} requests are unanswered. Wait for answers first.` } });
      return;
    }
    const release = this.#options.hold === undefined ? () => undefined : this.#options.hold(request.bytes ?? 0);
    if (release === undefined) {
      await this.#respond({ kind: "error", id, error: { code: RPC_CODES.internal, message: "Too much is asked at once. Wait for answers first." } });
      return;
    }
    const controller = new AbortController();
    this.#incoming.set(id, controller);
    const kept: Spool[] = [];
    const response = await this.#handle(request, { signal: controller.signal, keep: (large) => void kept.push(large) });
    // A cancelled request is not answered, and its id may be in use again.
    if (this.#incoming.get(id) === controller) {
      this.#incoming.delete(id);
      const large = kept.at(-1);
      await this.#respond(response.kind === "result" && large !== undefined ? { ...response, large } : response);
      this.#settleLast();
    }
    release();
    await Promise.allSettled(kept.map((large) => large[Symbol.asyncDispose]()));
  }

  #settleLast(): void {
    if (this.#incoming.size === 0) this.#last?.answered();
  }

  async #handle(request: RpcRequest, context: RequestContext): Promise<RpcResponse> {
    const { signal } = context;
    try {
      return { kind: "result", id: request.id, result: await this.#options.onRequest(request, context) };
    } catch (error) {
      if (error instanceof RpcFailure) return { kind: "error", id: request.id, error: error.toRpcError() };
      if (AppError.is(error)) return { kind: "error", id: request.id, error: { code: RPC_CODES.internal, message: `${error.message} ${error.fix}`, data: { code: error.code } } };
      if (!signal.aborted) this.#options.onFault(error);
      return { kind: "error", id: request.id, error: { code: RPC_CODES.internal, message: "Internal error." } };
    }
  }

  async #respond(response: RpcResponse): Promise<void> {
    await this.#options.send(response, response.id);
  }

  #takeNotification(notification: RpcNotification): void {
    const { method, params } = notification;
    if (method === "notifications/cancelled") {
      const id = params?.["requestId"];
      if (typeof id !== "string" && typeof id !== "number") return;
      const controller = this.#incoming.get(id);
      this.#incoming.delete(id);
      controller?.abort(new AppError("INTERRUPTED", { message: "The request was cancelled.", fix: "Send it again if it is still wanted." }));
      return;
    }
    if (method === "notifications/progress") {
      const token = params?.["progressToken"];
      if (isObject(params) && typeof token === "number") this.#outgoing.get(token)?.progress(params);
      return;
    }
    this.#options.onNotification(notification);
  }

  #settle(response: RpcResponse): void {
    const pending = typeof response.id === "number" ? this.#outgoing.get(response.id) : undefined;
    if (response.kind === "result" && response.large !== undefined) void this.#settleLarge(response, response.large, pending);
    else if (pending === undefined) return;
    else if (response.kind === "result") pending.resolve(response.result);
    else pending.reject(new RpcFailure(response.error.code, response.error.message, response.error.data));
  }

  /** Whoever takes over where the large texts are gets the result with them; anybody else gets it whole, if it may be held. */
  async #settleLarge({ result }: RpcResult, large: Spool, pending: PendingRequest | undefined): Promise<void> {
    const keep = pending?.keep;
    if (keep !== undefined) {
      keep(large);
      pending?.resolve(result);
      return;
    }
    try {
      if (large.characters > (this.#options.wholeCharacters ?? 0)) throw new RpcFailure(RPC_CODES.internal, "The answer is too large for what asked for it.");
      const whole = await wholeJson(result);
      if (isObject(whole)) pending?.resolve(whole);
    } catch (error) {
      pending?.reject(error instanceof Error ? error : new Error(String(error)));
    } finally {
      await large[Symbol.asyncDispose]();
    }
  }
}
