import { SdkHttpError, SSEClientTransport, StreamableHTTPClientTransport, type JSONRPCMessage, type Transport as SdkTransport } from "@modelcontextprotocol/client";
import { AppError, type ServerSource } from "@sbx/contracts";
import type { Json } from "../jsonrpc/json.ts";
import { jsonFromMessage, messageFromJson, RPC_CODES, RpcFailure, type RpcMessage } from "../jsonrpc/message.ts";
import type { GatewayLimits } from "../limits.ts";
import type { RemoteTarget } from "../ports.ts";
import type { ByteBudget } from "../byte-budget.ts";
import { boundedFetch } from "./bounded-fetch.ts";
import { pacedGets } from "./paced-gets.ts";
import type { Transport, TransportEvents } from "./transport.ts";

/** A server that somebody else runs, how it is spoken to, and who hears of it. */
export interface RemoteOptions extends RemoteTarget {
  readonly kind: Extract<ServerSource, { kind: "remote" }>["transport"];
  readonly events: TransportEvents;
  readonly limits: Pick<GatewayLimits, "messageBytes" | "linesPerSecond">;
  /** What large answers of the server count against. */
  readonly budget: ByteBudget;
}

const RECONNECTION = { initialReconnectionDelay: 1000, maxReconnectionDelay: 30_000, reconnectionDelayGrowFactor: 2, maxRetries: 5 };

/** Speak with a server over HTTP, by streamable HTTP or by the two endpoints of the first revision, as its entry says. */
export async function remoteTransport({ kind, url: address, fetch, events, limits, budget }: RemoteOptions, signal: AbortSignal): Promise<Transport> {
  const bounded = pacedGets(boundedFetch(fetch, { maxBytes: limits.messageBytes, eventsPerSecond: limits.linesPerSecond, budget }));
  const url = new URL(address);
  const sdk = kind === "sse" ? new SSEClientTransport(url, { fetch: bounded }) : new StreamableHTTPClientTransport(url, { fetch: bounded, reconnectionOptions: RECONNECTION });
  const transport = new RemoteTransport(sdk, events);
  const giveUp = (): void => {
    void transport[Symbol.asyncDispose]();
  };
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    await sdk.start();
    signal.throwIfAborted();
  } catch (error) {
    await transport[Symbol.asyncDispose]();
    throw signal.aborted ? signal.reason : whyNotReached(error);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
  return transport;
}

class RemoteTransport implements Transport {
  readonly #sdk: SdkTransport;
  readonly #events: TransportEvents;
  /** That the server knows that we are ready: requests sent side by side may arrive in any order, and none may arrive before it. */
  #ready: Promise<void> = Promise.resolve();
  #closed = false;
  #log = "";

  constructor(sdk: SdkTransport, events: TransportEvents) {
    this.#sdk = sdk;
    this.#events = events;
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's transports are no event targets
    sdk.onmessage = (message) => {
      this.#take(message);
    };
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- as above
    sdk.onerror = (error) => {
      this.#log = `${this.#log}${error.message}\n`.slice(-4096);
    };
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- as above
    sdk.onclose = () => {
      this.#close(gone("the connection was closed"));
    };
  }

  send(message: RpcMessage): void {
    if (this.#closed) return;
    const sent = this.#ready.then(async () => {
      // The SDK's type of a message is this JSON; it was built from its known parts just now.
      if (!this.#closed) await this.#sdk.send(jsonFromMessage(message) as unknown as JSONRPCMessage);
    });
    const settled = sent.catch((error: unknown) => {
      this.#unsent(message, error);
    });
    if (message.kind === "notification" && message.method === "notifications/initialized") this.#ready = settled;
  }

  agreed(version: string): void {
    this.#sdk.setProtocolVersion?.(version);
  }

  log(): string {
    return this.#log;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close(gone("it was stopped"));
    if (this.#sdk instanceof StreamableHTTPClientTransport) {
      await Promise.race([this.#sdk.terminateSession().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 2000).unref())]);
    }
    await this.#sdk.close();
  }

  #take(message: unknown): void {
    if (this.#closed) return;
    let understood: RpcMessage;
    try {
      // What the SDK hands over was read from JSON.
      understood = messageFromJson(message as Json);
    } catch (error) {
      if (!(error instanceof RpcFailure)) throw error;
      this.#events.onRefused(error.message, JSON.stringify(message).slice(0, 256));
      return;
    }
    this.#events.onMessage(understood);
  }

  /** A request that did not arrive is answered at once; a session that is over ends the connection, so that a new one is made. */
  #unsent(message: RpcMessage, error: unknown): void {
    if (this.#closed) return;
    const reason = whyNotReached(error);
    if (reason.code === "SERVER_DENIED") {
      this.#close(reason);
      return;
    }
    if (message.kind === "request")
      this.#events.onMessage({ kind: "error", id: message.id, error: { code: RPC_CODES.connectionClosed, message: `The server could not be asked: ${outline(error)}.` } });
    if (error instanceof SdkHttpError && error.status === 404) this.#close(gone("its session is over", error));
  }

  #close(reason: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#events.onClosed(reason);
  }
}

function gone(what: string, cause?: unknown): AppError {
  const detail = cause === undefined ? "" : `: ${outline(cause)}`;
  return new AppError("SERVER_FAILED", {
    message: `The server is gone: ${what}${detail}.`,
    fix: "Try again later, or look at the server's own status page.",
    ...(cause === undefined ? {} : { cause }),
  });
}

const WANTS_LOGIN: ReadonlySet<number> = new Set([401, 403]);

/** What whoever asked is told. What our own side refused says itself how to mend it. */
function whyNotReached(error: unknown): AppError {
  if (AppError.is(error)) return error;
  const status = statusOf(error);
  if (status === undefined || !WANTS_LOGIN.has(status)) return gone("it could not be reached", error);
  return new AppError("SERVER_DENIED", {
    message: `The server does not let us in: it answered with HTTP status ${status}.`,
    fix: "If it takes a token, ask your user to set it with: sbx secret set; logging in by OAuth is not supported, so for a server that takes nothing else use one of the same service that runs here.",
  });
}

/** What went wrong, without a word of the server: it may repeat a header that it was sent, and a message goes to the agent. */
function outline(error: unknown): string {
  const status = statusOf(error);
  return status === undefined ? "the connection failed" : `it answered with HTTP status ${status}`;
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof SdkHttpError) return error.status;
  const status = error instanceof Error ? /(?:\bHTTP |status code \()(\d{3})\b/.exec(error.message)?.[1] : undefined;
  return status === undefined ? undefined : Number(status);
}
