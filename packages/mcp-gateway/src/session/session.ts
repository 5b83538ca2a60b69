import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { member, text, type JsonObject } from "../jsonrpc/json.ts";
import { RPC_CODES, RpcFailure, type RequestId, type RpcMessage, type RpcNotification } from "../jsonrpc/message.ts";
import { Peer } from "../jsonrpc/peer.ts";
import type { ScopeMember } from "../scope-member.ts";
import { GATEWAY_INFO } from "../upstream/connection.ts";
import { isRevision, LATEST_REVISION, type Revision } from "../versions.ts";
import { usedCapabilities } from "../view/client-capabilities.ts";
import { LOG_LEVELS, type LogLevel } from "../view/log-levels.ts";
import type { Scope } from "../view/scope.ts";
import { releaseSubscriptions } from "../view/subscriptions.ts";
import { instructions } from "./instructions.ts";
import { answerMethod } from "./methods.ts";

/** How a session's messages reach its client. */
export interface Outlet {
  /** `related` is the client's request that the message belongs to, or answers. Must not throw; resolves, if it takes a while, when the message was sent. */
  send(message: RpcMessage, related: RequestId | undefined): void | Promise<void>;
  close(): void;
  /** Whether the client holds a connection open, or waits for an answer. */
  readonly inUse: boolean;
  /** Whether the client would hear at once what belongs to none of its requests. */
  readonly hears: boolean;
}

export interface SessionOptions {
  readonly scope: Scope;
  readonly outlet: Outlet;
  /** Called once, when the session has ended. */
  readonly onEnd: (session: Session) => void;
}

const CAPABILITIES: JsonObject = { tools: { listChanged: true }, prompts: { listChanged: true }, resources: { subscribe: true, listChanged: true }, logging: {}, completions: {} };

/**
 * What a client is given to take over the tools that it was sent: at least, at most, and how many times as long as it took
 * to ask for them, which is longer where it, or the machine, is slow.
 */
const TAKES_OVER = { leastMs: 250, mostMs: 3000, times: 4 } as const;

/** One client's conversation with the gateway, whichever way its messages travel. */
export class Session implements ScopeMember {
  /** 256 random bits: it cannot be guessed, and no client chooses it. */
  readonly id = randomBytes(32).toString("base64url");
  readonly scope: Scope;
  readonly #peer: Peer;
  readonly #options: SessionOptions;
  #phase: "new" | "initialized" | "ended" = "new";
  #capabilities: JsonObject = {};
  #revision: Revision = LATEST_REVISION;
  #logLevel: LogLevel | undefined;
  /** Whether its client asks for the tools when it is told that they changed; unknown until it was waited for once. */
  #asksAgain: boolean | undefined;
  /** Those that wait until it asks for the tools; what one answer tells, all of them were waiting for. */
  readonly #awaitingAsk = new Set<() => void>();

  constructor(options: SessionOptions) {
    this.scope = options.scope;
    this.#options = options;
    const { limits, onFault } = options.scope.parts;
    this.#peer = new Peer({
      send: (message, related) => options.outlet.send(message, related),
      onRequest: async (request, { signal, keep }) => {
        if (request.method === "initialize") return this.#initialize(request.params);
        if (request.method === "ping") return {};
        if (this.#phase !== "initialized") throw new RpcFailure(RPC_CODES.invalidRequest, "Invalid request: initialize comes first.");
        return await answerMethod(this, request, { member: this, related: request.id, signal, keep });
      },
      onNotification: (notification) => {
        this.#hear(notification);
      },
      onFault,
      maxInFlight: limits.inFlight,
      hold: (bytes) => this.#hold(bytes),
    });
  }

  get capabilities(): JsonObject {
    return this.#capabilities;
  }

  get revision(): Revision {
    return this.#revision;
  }

  get logLevel(): LogLevel | undefined {
    return this.#logLevel;
  }

  /** Whether it works for its client now. */
  get busy(): boolean {
    return this.#peer.incoming > 0;
  }

  /** Whether nobody would notice its end at once: nothing is asked, and no connection is open. */
  get idle(): boolean {
    return !this.busy && !this.#options.outlet.inUse;
  }

  receive(message: RpcMessage): void {
    this.#peer.receive(message);
  }

  async ask(method: string, params: JsonObject | undefined, { related, signal }: { readonly related: RequestId | undefined; readonly signal: AbortSignal }): Promise<JsonObject> {
    const { questionMs } = this.scope.parts.limits;
    return await this.#peer.request(method, params, { timeoutMs: questionMs, maxMs: questionMs, signal, ...(related === undefined ? {} : { related }) });
  }

  tell(method: string, params?: JsonObject, related?: RequestId): void {
    if (this.#phase === "initialized") this.#peer.notify(method, params, related);
  }

  /** Note that the client is given the tools, as they are now. */
  gaveTools(): void {
    for (const asked of this.#awaitingAsk) asked();
  }

  async askedAgain(): Promise<void> {
    if (this.#asksAgain === false || !this.#options.outlet.hears) return;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const asked = (): void => {
      resolve(true);
    };
    const timer = setTimeout(() => {
      resolve(false);
    }, this.scope.parts.limits.asksAgainMs);
    this.#awaitingAsk.add(asked);
    const since = performance.now();
    this.#asksAgain = await promise;
    clearTimeout(timer);
    this.#awaitingAsk.delete(asked);
    const tookMs = performance.now() - since;
    if (this.#asksAgain) await sleep(Math.min(Math.max(tookMs * TAKES_OVER.times, TAKES_OVER.leastMs), TAKES_OVER.mostMs));
  }

  setLogLevel(level: LogLevel): void {
    this.#logLevel = level;
  }

  wantsLog(level: string): boolean {
    const rank = LOG_LEVELS.findIndex((one) => one === level);
    return this.#logLevel === undefined || rank === -1 || rank >= LOG_LEVELS.indexOf(this.#logLevel);
  }

  /** Its client says nothing more. Resolves when all that it asked is answered, or the session has ended. */
  async finish(reason: Error): Promise<void> {
    await this.#peer.finish(reason);
  }

  /** End it: what it asked for is cancelled, its subscriptions are given back. */
  end(reason: Error): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#peer.close(reason);
    this.scope.members.delete(this);
    releaseSubscriptions(this.scope, this);
    this.#options.outlet.close();
    this.#options.onEnd(this);
  }

  /** What a client asks is held until it is answered, and counts like what it is answered. */
  #hold(bytes: number): (() => void) | undefined {
    const { budget } = this.scope;
    return budget.take(bytes)
      ? () => {
          budget.give(bytes);
        }
      : undefined;
  }

  #initialize(params: JsonObject | undefined): JsonObject {
    if (this.#phase !== "new") throw new RpcFailure(RPC_CODES.invalidRequest, "Invalid request: this session was initialized before.");
    const asked = text(params, "protocolVersion");
    const capabilities = member(params, "capabilities");
    if (asked === undefined || capabilities === undefined) throw new RpcFailure(RPC_CODES.invalidParams, "Invalid params: initialize has a protocolVersion and capabilities.");
    this.#revision = isRevision(asked) ? asked : LATEST_REVISION;
    this.#capabilities = usedCapabilities(capabilities);
    this.#phase = "initialized";
    this.scope.members.add(this);
    return { protocolVersion: this.#revision, capabilities: CAPABILITIES, serverInfo: { ...GATEWAY_INFO }, instructions: instructions(this.scope) };
  }

  #hear({ method }: RpcNotification): void {
    if (method !== "notifications/roots/list_changed") return;
    for (const { instance } of this.scope.slots) if (instance.running?.seesRoots === true) instance.running.notify(method);
  }
}
