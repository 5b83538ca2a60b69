import type { Duplex } from "node:stream";
import type { EnabledServer, ServerConfig, ServerEntry, ServerInstance } from "@sbx/contracts";
import type { Caller } from "@sbx/mcp-gateway";
import type { Secret } from "@sbx/secret-injector";

/** How the gateway serves clients on the host. */
export interface ClientOptions {
  /** From which servers each session starts; asked again at each start of a session. */
  readonly base: () => readonly EnabledServer[];
  /** Whether `mcp-find`, `mcp-add` and their fellows are offered. */
  readonly management: boolean;
  /** Patterns of tools to offer; none means all. */
  readonly tools: readonly string[];
  readonly logCalls: boolean;
  readonly blockSecrets: boolean;
  /** Commands and addresses of the person that look at each call, as `before|after:exec|http:ARGUMENT`. */
  readonly interceptors: readonly string[];
  /** A line for the person who started it. Never a secret, never an argument of a call. */
  readonly log: (line: string) => void;
  /** How long a list waits for servers that start; the gateway's own patience unless it is said. */
  readonly listWaitMs?: number;
  /** Told of each server that did not start, and why. */
  readonly failed: (server: string, reason: string) => void;
}

/** Where a client on the host reaches the gateway by HTTP, on loopback only. */
export interface ListenOptions extends ClientOptions {
  readonly transport: "sse" | "streaming";
  readonly port: number;
  /** What every request must show as `Authorization: Bearer`; `undefined` when the person wanted none. */
  readonly token: Secret | undefined;
}

/** A listener that was opened; disposing ends it and its sessions. */
export interface GatewayListener extends AsyncDisposable {
  readonly port: number;
}

/** The running gateway, as the person's side needs it. */
export interface GatewayPort {
  /** Serve one client of the stdio transport, one JSON message a line. Resolves when it has ended or `signal` fired, which destroys the stream. */
  serveLines(stream: Duplex, options: ClientOptions & { readonly caller: Caller }, signal: AbortSignal): Promise<void>;
  /** @throws AppError `CONFIG_INVALID` when something else listens there, `USAGE` for an interceptor that is none */
  listen(options: ListenOptions): Promise<GatewayListener>;
  instances(): readonly ServerInstance[];
  /** What instances of a server wrote on their standard error, newest last. */
  logs(server: string): string;
  /** Bring what a server is made of. Nothing of it runs. @throws what bringing it throws */
  prepare(entry: ServerEntry, config: ServerConfig, signal: AbortSignal): Promise<void>;
  /** Take over what files of the person say now; clients hear of what changed for them. */
  refresh(): Promise<void>;
  /** End every instance of a server. @returns how many there were */
  restart(server: string): Promise<number>;
}
