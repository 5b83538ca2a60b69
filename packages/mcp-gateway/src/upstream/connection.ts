import { AppError } from "@sbx/contracts";
import { member, text, type JsonObject } from "../jsonrpc/json.ts";
import { RPC_CODES, RpcFailure, type RpcNotification, type RpcRequest } from "../jsonrpc/message.ts";
import { Peer, type RequestContext } from "../jsonrpc/peer.ts";
import type { RequestOptions } from "../jsonrpc/pending-request.ts";
import type { GatewayLimits } from "../limits.ts";
import { isRevision, LATEST_REVISION } from "../versions.ts";
import type { OpenTransport, Transport } from "./transport.ts";

/** What a server may ask of us, and tell us, in the course of a connection. */
export interface ConnectionEvents {
  /** Rejects with an `RpcFailure` to refuse. `ping` never comes here. */
  readonly onRequest: (request: RpcRequest, context: RequestContext) => Promise<JsonObject>;
  readonly onNotification: (notification: RpcNotification) => void;
  readonly onClosed: (reason: Error) => void;
  readonly onFault: (error: unknown) => void;
}

export interface ConnectionOptions {
  /** Told what a server wrote that could not be greeted. */
  readonly onLog: (text: string) => void;
  readonly open: OpenTransport;
  readonly events: ConnectionEvents;
  readonly limits: GatewayLimits;
  /** What we say that we can do for the server. */
  readonly clientCapabilities: JsonObject;
}

const MOST_INSTRUCTIONS = 8000;

/** A copy of its own: a part of a text would hold the whole. */
function beginningOf(said: string | undefined): string | undefined {
  return said === undefined ? undefined : Buffer.from(said.slice(0, MOST_INSTRUCTIONS)).toString();
}

/** What of a server's capabilities the gateway makes use of: it may have said anything beside them, and of any size. */
function usedCapabilities(declared: JsonObject | undefined): JsonObject {
  const used = ["tools", "prompts", "resources", "logging", "completions"].flatMap((name) => {
    const capability = member(declared, name);
    return capability === undefined ? [] : [[name, Object.fromEntries(Object.entries(capability).filter(([, value]) => value === true))] as const];
  });
  return Object.fromEntries(used);
}

/** Name and version that the gateway shows on both sides. */
export const GATEWAY_INFO = { name: "sbx-mcp-gateway", title: "sbx MCP gateway", version: "0.1.0" } as const;

/** A connection to one server, from `initialize` on. */
export class ServerConnection implements AsyncDisposable {
  readonly #peer: Peer;
  readonly #transport: Transport;
  readonly #limits: GatewayLimits;
  #capabilities: JsonObject = {};
  #instructions: string | undefined;
  #noise = 0;

  private constructor(peer: Peer, transport: Transport, limits: GatewayLimits) {
    this.#peer = peer;
    this.#transport = transport;
    this.#limits = limits;
  }

  /**
   * Open a transport and greet the server. What was opened is closed again when that fails.
   *
   * @throws AppError `SERVER_FAILED` when it does not answer as a server does, and what `open` throws
   */
  static async open({ open, events, limits, clientCapabilities, onLog }: ConnectionOptions, signal: AbortSignal): Promise<ServerConnection> {
    const early: RefusedMessage[] = [];
    const made: { connection?: ServerConnection; transport?: Transport } = {};
    const peer = new Peer({
      send: (message) => made.transport?.send(message),
      onRequest: async (request, context) => (request.method === "ping" ? {} : await events.onRequest(request, context)),
      onNotification: events.onNotification,
      onFault: events.onFault,
      maxInFlight: limits.inFlight,
      wholeCharacters: limits.messageBytes,
    });
    const transport = await open(
      {
        onMessage: (message) => {
          peer.receive(message);
        },
        onRefused: (why, head) => {
          if (made.connection === undefined) early.push({ why, head });
          else made.connection.#refused({ why, head });
        },
        onClosed: (reason) => {
          peer.close(reason);
          events.onClosed(reason);
        },
      },
      signal,
    );
    const connection = new ServerConnection(peer, transport, limits);
    made.transport = transport;
    made.connection = connection;
    for (const refused of early) connection.#refused(refused);
    try {
      await connection.#initialize(clientCapabilities, signal);
    } catch (error) {
      onLog(connection.log());
      await connection[Symbol.asyncDispose]();
      throw error;
    }
    return connection;
  }

  get capabilities(): JsonObject {
    return this.#capabilities;
  }

  get instructions(): string | undefined {
    return this.#instructions;
  }

  /** Lines and messages that could not be understood. */
  get noise(): number {
    return this.#noise;
  }

  /** Whether its runner can say where it sees directories. */
  get seesRoots(): boolean {
    return this.#transport.rootSeenAs !== undefined;
  }

  /** Where the server sees a directory of the caller's; nowhere unless its runner says so. */
  rootSeenAs(uri: string): string | undefined {
    return this.#transport.rootSeenAs?.(uri);
  }

  log(): string {
    return this.#transport.log();
  }

  /** Ask the server, within the times of a call. @throws as {@link Peer.request} */
  async request(method: string, params: JsonObject | undefined, options: Partial<RequestOptions> = {}): Promise<JsonObject> {
    return await this.#peer.request(method, params, { timeoutMs: this.#limits.callMs, maxMs: this.#limits.callMaxMs, ...options });
  }

  notify(method: string, params?: JsonObject): void {
    this.#peer.notify(method, params);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#peer.close(new AppError("SERVER_FAILED", { message: "The server was stopped.", fix: "Call again: it starts anew." }));
    await this.#transport[Symbol.asyncDispose]();
  }

  async #initialize(capabilities: JsonObject, signal: AbortSignal): Promise<void> {
    const { startMs } = this.#limits;
    const params = { protocolVersion: LATEST_REVISION, capabilities, clientInfo: { ...GATEWAY_INFO } };
    const said = await this.#peer.request("initialize", params, { timeoutMs: startMs, maxMs: startMs, signal });
    const version = text(said, "protocolVersion");
    if (!isRevision(version)) {
      throw new AppError("SERVER_FAILED", {
        message: `The server speaks revision ${JSON.stringify(version ?? null).slice(0, 40)} of the protocol, which we do not.`,
        fix: "Use another version of the server.",
      });
    }
    this.#capabilities = usedCapabilities(member(said, "capabilities"));
    this.#instructions = beginningOf(text(said, "instructions"));
    this.#transport.agreed(version);
    this.#peer.notify("notifications/initialized");
  }

  /** A refused message may have been the answer to a request: its caller is told now, and not when the time is over. */
  #refused({ why, head }: RefusedMessage): void {
    this.#noise += 1;
    const id = /"id"\s*:\s*(\d{1,15})\b/.exec(head)?.[1];
    if (id === undefined || /"method"\s*:/.test(head)) return;
    this.#peer.receive({ kind: "error", id: Number(id), error: { code: RPC_CODES.internal, message: `The server's answer was refused: ${why}.` } });
  }
}

interface RefusedMessage {
  readonly why: string;
  readonly head: string;
}

/** Refuse what a server asks of a client that cannot do it. */
export function methodUnknown(method: string): RpcFailure {
  return new RpcFailure(RPC_CODES.methodUnknown, `Method not found: ${method.slice(0, 100)}`);
}
