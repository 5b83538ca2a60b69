import { AppError } from "@sbx/contracts";
import { member, type JsonObject } from "../jsonrpc/json.ts";
import { RpcFailure, type RpcNotification, type RpcRequest } from "../jsonrpc/message.ts";
import type { GatewayLimits } from "../limits.ts";
import type { ServerLists } from "../ports.ts";
import type { Cause } from "../scope-member.ts";
import { abortable } from "../abortable.ts";
import { BackOff } from "./back-off.ts";
import { ServerConnection } from "./connection.ts";
import { drainList, type AskPage } from "./drain-list.ts";
import type { OpenTransport } from "./transport.ts";

/** What an instance tells and asks its owner. */
export interface InstanceEvents {
  readonly onStarted: (startMs: number) => void;
  /** A start that failed, or a connection that ended although nobody stopped it. */
  readonly onFailed: (reason: Error) => void;
  readonly onStopped: () => void;
  /** What it wrote in a life that is over, or on the way to none. */
  readonly onLog: (text: string) => void;
  readonly onNotification: (notification: RpcNotification) => void;
  readonly onRequest: (request: RpcRequest, signal: AbortSignal) => Promise<JsonObject>;
  readonly onFault: (error: unknown) => void;
}

export interface InstanceOptions {
  /** Brings what the server is made of, before each start; tells how that goes. */
  readonly prepare: (progress: (line: string) => void, signal: AbortSignal) => Promise<void>;
  readonly open: OpenTransport;
  readonly events: InstanceEvents;
  readonly limits: GatewayLimits;
  /** Asked at each start: what the sessions of the scope can do for a server. */
  readonly clientCapabilities: () => JsonObject;
  /** Waits for, or refuses, a place among the servers that run; the result gives it back. */
  readonly takePlace: (instance: ServerInstance) => Promise<() => void>;
  /** Brings a new connection to where the last one was: log level, subscriptions. */
  readonly restore: (connection: ServerConnection) => void;
}

/** How long it runs and what it was asked since. */
export interface InstanceLife {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly calls: number;
}

type State =
  | { readonly phase: "stopped" }
  | { readonly phase: "starting"; readonly connection: Promise<ServerConnection>; readonly abort: AbortController; readonly since: number }
  | { readonly phase: "running"; readonly connection: ServerConnection; readonly startedAt: number };

/** One server with one configuration for one scope: started when first needed, kept warm, stopped when idle, started again with patience. */
export class ServerInstance implements AsyncDisposable {
  readonly #options: InstanceOptions;
  readonly #backOff: BackOff;
  readonly #causes = new Set<Cause>();
  readonly #listeners = new Set<(step: string) => void>();
  #state: State = { phase: "stopped" };
  #step = "";
  #lastFailure = "";
  #lastLog = "";
  #calls = 0;
  #idle: NodeJS.Timeout | undefined;
  #usedAt = performance.now();
  #disposed = false;

  constructor(options: InstanceOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.limits.backOffMs, options.limits.backOffMaxMs);
  }

  get running(): ServerConnection | undefined {
    return this.#state.phase === "running" ? this.#state.connection : undefined;
  }

  /** `undefined` while it does not run. */
  get life(): InstanceLife | undefined {
    return this.#state.phase === "running" ? { startedAt: this.#state.startedAt, calls: this.#calls } : undefined;
  }

  /** Since when it starts (milliseconds since the epoch), and what is done for it now; `undefined` when it does not. */
  get starting(): { readonly since: number; readonly step: string } | undefined {
    return this.#state.phase === "starting" ? { since: this.#state.since, step: this.#step } : undefined;
  }

  /** Hear what is done on the way to a start, from now on. @returns a release */
  onStep(listener: (step: string) => void): () => void {
    this.#listeners.add(listener);
    if (this.#state.phase === "starting" && this.#step !== "") listener(this.#step);
    return () => void this.#listeners.delete(listener);
  }

  /** What it last wrote beside the protocol, in this life or else in the one before. */
  log(): string {
    return this.running?.log() ?? this.#lastLog;
  }

  /** When it was last used, on the clock of `performance.now()`; `undefined` while it works for somebody or starts. */
  get idleSince(): number | undefined {
    return this.#causes.size > 0 || this.#state.phase !== "running" ? undefined : this.#usedAt;
  }

  /** The only session for which it works now, by its newest request: what it asks in between is asked in that session alone. */
  soleCause(): Cause | undefined {
    const causes = [...this.#causes];
    const last = causes.at(-1);
    return last !== undefined && causes.every((cause) => cause.member === last.member) ? last : undefined;
  }

  /**
   * The connection, started if there is none. The signal ends the waiting, not the start, which others may wait for.
   *
   * @throws AppError `SERVER_FAILED` while it is left alone after a failure, and what a start throws
   */
  async connect(signal: AbortSignal): Promise<ServerConnection> {
    signal.throwIfAborted();
    this.#touch();
    const state = this.#state;
    if (state.phase === "running") return state.connection;
    return await abortable(state.phase === "starting" ? state.connection : this.#start(), signal);
  }

  /** Ask the server in the course of a client's request. */
  async request(
    method: string,
    params: JsonObject,
    { cause, onProgress, keep }: { readonly cause: Cause; readonly onProgress?: ((params: JsonObject) => void) | undefined; readonly keep?: Cause["keep"] },
  ): Promise<JsonObject> {
    this.#causes.add(cause);
    this.#calls += 1;
    try {
      const connection = await this.connect(cause.signal);
      return await connection.request(method, params, { signal: cause.signal, keep, ...(onProgress === undefined ? {} : { onProgress }) });
    } finally {
      this.#causes.delete(cause);
      this.#touch();
    }
  }

  /** Ask the running server, or start it, for all that it offers. */
  async lists(signal: AbortSignal): Promise<ServerLists> {
    const connection = await this.connect(signal);
    const { limits } = this.#options;
    const { capabilities, instructions } = connection;
    const drain = async (capability: string, method: string, key: string): Promise<readonly JsonObject[]> => {
      if (member(capabilities, capability) === undefined) return [];
      const ask: AskPage = async (params) => await connection.request(method, params, { timeoutMs: limits.startMs, maxMs: limits.startMs, signal });
      try {
        return await drainList(key, ask, limits);
      } catch (error) {
        // Some servers declare what they then do not know. Without its tools a server is of no use.
        if (error instanceof RpcFailure && capability !== "tools") return [];
        throw error;
      }
    };
    const [tools, prompts, resources, templates] = await Promise.all([
      drain("tools", "tools/list", "tools"),
      drain("prompts", "prompts/list", "prompts"),
      drain("resources", "resources/list", "resources"),
      drain("resources", "resources/templates/list", "resourceTemplates"),
    ]);
    return { capabilities, ...(instructions === undefined ? {} : { instructions }), tools, prompts, resources, templates };
  }

  /** Stop it, if it runs; the next use starts it again. */
  async stop(): Promise<void> {
    clearTimeout(this.#idle);
    const state = this.#state;
    this.#state = { phase: "stopped" };
    switch (state.phase) {
      case "stopped":
        return;
      case "starting":
        state.abort.abort(stopped());
        await state.connection.then(
          async (connection) => {
            await connection[Symbol.asyncDispose]();
          },
          () => undefined,
        );
        return;
      case "running":
        this.#keepLog(state.connection.log());
        await state.connection[Symbol.asyncDispose]();
        this.#options.events.onStopped();
        return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.stop();
  }

  #start(): Promise<ServerConnection> {
    const wait = this.#backOff.remainingMs();
    if (this.#disposed) return Promise.reject(stopped());
    if (wait > 0) {
      const seconds = Math.ceil(wait / 1000);
      return Promise.reject(new AppError("SERVER_FAILED", { message: `The server failed and is left alone for ${seconds} s: ${this.#lastFailure}`, fix: `Try again in ${seconds} s.` }));
    }
    const abort = new AbortController();
    this.#step = "";
    const state: State = { phase: "starting", abort, connection: this.#open(abort.signal), since: Date.now() };
    this.#state = state;
    return state.connection;
  }

  async #open(stop: AbortSignal): Promise<ServerConnection> {
    const { prepare, events, limits, open, clientCapabilities, takePlace, restore } = this.#options;
    let begun = performance.now();
    let giveBack: (() => void) | undefined;
    const ended = (): void => {
      giveBack?.();
      giveBack = undefined;
    };
    try {
      await prepare(
        (line) => {
          this.#tell(line);
        },
        AbortSignal.any([stop, AbortSignal.timeout(limits.prepareMs)]),
      );
      begun = performance.now();
      // A start without a preparation is over before anybody wants to hear of it.
      if (this.#step !== "") this.#tell("starting");
      giveBack = await takePlace(this);
      const connection: ServerConnection = await ServerConnection.open(
        {
          open,
          limits,
          clientCapabilities: clientCapabilities(),
          onLog: (text) => {
            this.#keepLog(text);
          },
          events: {
            onNotification: events.onNotification,
            onFault: events.onFault,
            onRequest: async (request, context) => await events.onRequest(request, context.signal),
            onClosed: (reason) => {
              ended();
              this.#connectionEnded(reason);
            },
          },
        },
        AbortSignal.any([stop, AbortSignal.timeout(limits.startMs)]),
      );
      if (stop.aborted) {
        await connection[Symbol.asyncDispose]();
        throw stopped();
      }
      this.#state = { phase: "running", connection, startedAt: Date.now() };
      this.#calls = 0;
      this.#touch();
      restore(connection);
      events.onStarted(Math.round(performance.now() - begun));
      return connection;
    } catch (error) {
      ended();
      if (!stop.aborted) this.#failed(error instanceof Error ? error : new Error(String(error)));
      throw asServerFailure(error, limits);
    }
  }

  #keepLog(text: string): void {
    this.#lastLog = text;
    this.#options.events.onLog(text);
  }

  #tell(step: string): void {
    this.#step = step.slice(0, 300);
    for (const listener of this.#listeners) listener(this.#step);
  }

  #connectionEnded(reason: Error): void {
    if (this.#state.phase !== "running") return;
    const { connection } = this.#state;
    this.#failed(reason);
    // One that was given up runs still, and nobody else would end it.
    connection[Symbol.asyncDispose]().catch(this.#options.events.onFault);
  }

  #failed(reason: Error): void {
    if (this.running !== undefined) this.#keepLog(this.running.log());
    this.#state = { phase: "stopped" };
    clearTimeout(this.#idle);
    this.#lastFailure = reason.message;
    this.#backOff.failed();
    this.#options.events.onFailed(reason);
  }

  #touch(): void {
    this.#usedAt = performance.now();
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.idleSince !== undefined) void this.stop().catch(this.#options.events.onFault);
      else this.#touch();
    }, this.#options.limits.serverIdleMs).unref();
  }

  /** Told when a call came back well, so that an old failure is forgotten. */
  proven(): void {
    this.#backOff.worked();
  }
}

function stopped(): AppError {
  return new AppError("SERVER_FAILED", { message: "The server was stopped.", fix: "Call again: it starts anew." });
}

function asServerFailure(error: unknown, { startMs }: GatewayLimits): unknown {
  if (AppError.is(error)) return error;
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return new AppError("SERVER_FAILED", {
      message: `The server did not start within ${startMs / 1000} s.`,
      fix: "Try again; if it fails again, ask your user to look at the server's log on the host.",
    });
  }
  if (error instanceof Error)
    return new AppError("SERVER_FAILED", { message: `The server did not start: ${error.message}`, fix: "Ask your user to look at the server's log on the host.", cause: error });
  return error;
}
