import { once } from "node:events";
import { duplexPair, PassThrough, type Duplex, type Readable } from "node:stream";
import { AppError, type GatewayOptions } from "@sbx/contracts";
import { parseInterceptor, type Caller } from "@sbx/mcp-gateway";
import { Secret } from "@sbx/secret-injector";
import { attachProcess, refuse } from "../../sessions/attach-process.ts";
import type { ClientOptions, GatewayPort } from "./gateway-port.ts";
import type { ListedTools } from "./tool-service.ts";

export interface GatewayRunsParts {
  readonly gateway: GatewayPort;
  readonly base: (options: GatewayOptions) => ClientOptions["base"];
  /** Find servers that were named by address, and keep those that no catalog has. */
  readonly adopt: (uris: readonly string[], signal: AbortSignal) => Promise<{ readonly names: readonly string[]; readonly notes: readonly string[] }>;
  /** The tools of the servers of a base; starts what was never started. */
  readonly listTools: (base: ClientOptions["base"], signal: AbortSignal) => Promise<ListedTools>;
  readonly token: () => Secret;
  readonly newId: () => string;
  readonly now: () => number;
  readonly onFault: (error: unknown) => void;
}

/** The port that Docker's gateway takes by itself. */
const DEFAULT_PORT = 8811;
/** How long a gateway that was prepared waits for its stream. */
const PATIENCE_MS = 30_000;
const MAX_WAITING = 20;

interface Run {
  readonly options: GatewayOptions;
  readonly base: ClientOptions["base"];
  /** What there is to say about its servers. */
  readonly notes: readonly string[];
}

/** The gateways of `sbx mcp gateway run`: each lives as long as the connection of the command that started it. */
export class GatewayRuns {
  readonly #parts: GatewayRunsParts;
  readonly #waiting = new Map<string, Run>();

  constructor(parts: GatewayRunsParts) {
    this.#parts = parts;
  }

  /** Check what was asked for. @throws AppError `USAGE`, and what finding its servers throws */
  async open(options: GatewayOptions, signal: AbortSignal): Promise<{ gateway: string }> {
    if (options.transport === "stdio" && options.port !== undefined)
      throw new AppError("USAGE", { message: "cannot use --port with --transport=stdio", fix: "Leave --port out, or choose --transport=streaming." });
    if (options.servers !== undefined && options.allServers) throw new AppError("USAGE", { message: "cannot use --servers with --enable-all-servers", fix: "Leave one of them out." });
    for (const flag of options.interceptors) parseInterceptor(flag);
    if (this.#waiting.size >= MAX_WAITING) throw new AppError("DAEMON_BUSY", { message: "Too many gateways are just being started", fix: "Run the command again." });
    const found = options.servers === undefined ? undefined : await this.#parts.adopt(options.servers, signal);
    const named: GatewayOptions = found === undefined ? options : { ...options, servers: [...found.names] };
    const run: Run = { options: named, base: this.#parts.base(named), notes: found?.notes ?? [] };
    const id = this.#parts.newId();
    this.#waiting.set(id, run);
    setTimeout(() => this.#waiting.delete(id), PATIENCE_MS).unref();
    return { gateway: id };
  }

  /** Run a gateway on the connection that was opened for it; one can be attached once. */
  attach(id: string, connection: Duplex): void {
    const run = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (run === undefined) {
      refuse(connection, new AppError("SESSION_NOT_FOUND", { message: "This gateway was not prepared, or waited too long", fix: "Run the command again." }));
      return;
    }
    const stderr = new PassThrough();
    const [inner, outer] = duplexPair();
    const end = new AbortController();
    const stop = (): void => {
      end.abort(new AppError("INTERRUPTED", { message: "The gateway was ended", fix: "Run the command again." }));
    };
    // It goes to a terminal as it is, and servers have a say in it.
    const log = (line: string): void => {
      stderr.write(`${line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")}\n`);
    };
    const serve = async (): Promise<number> => {
      try {
        return await this.#run(run, { stream: inner, log }, end.signal);
      } finally {
        const read = [outer, stderr].map(async (stream) => await wasRead(stream, connection));
        if (inner.destroyed) outer.destroy();
        inner.end();
        stderr.end();
        await Promise.all(read);
      }
    };
    attachProcess(
      { stdin: outer, stdout: outer, stderr, exit: serve(), resize: () => Promise.resolve(), detach: stop },
      {
        connection,
        exitCode: () => undefined,
        signal: () => {
          stop();
          return Promise.resolve();
        },
      },
    );
  }

  async #run({ options, base, notes }: Run, io: { readonly stream: Duplex; readonly log: (line: string) => void }, signal: AbortSignal): Promise<number> {
    const start = this.#parts.now();
    io.log("- Reading configuration...");
    for (const note of notes) io.log(`  - ${note}`);
    const names = base().map(({ name }) => name);
    io.log(names.length === 0 ? "- No server is enabled" : `- Those servers are enabled: ${names.join(", ")}`);
    await this.#listTools({ options, base, notes }, io.log, signal);
    if (signal.aborted) return 0;
    io.log(`> Initialized in ${seconds(this.#parts.now() - start)}`);
    if (options.dryRun) {
      io.log("Dry run mode enabled, not starting the server.");
      return 0;
    }
    const client = clientOptions({ options, base, notes }, io.log);
    if (options.transport === "stdio") {
      io.log("> Start stdio server");
      const caller: Caller = { kind: "host", scope: this.#parts.newId() };
      await this.#parts.gateway.serveLines(io.stream, { ...client, caller }, signal);
      return 0;
    }
    await this.#listen({ ...options, transport: options.transport }, client, signal);
    return 0;
  }

  /** A server that cannot be listed keeps nobody from using the others. */
  async #listTools({ options, base }: Run, log: (line: string) => void, signal: AbortSignal): Promise<void> {
    const start = this.#parts.now();
    log("- Listing MCP tools...");
    try {
      const { tools, failed } = await this.#parts.listTools(base, signal);
      for (const { server, reason } of failed) log(`  > Can't start ${server}: ${reason}`);
      log(`> ${tools.length} tools listed in ${seconds(this.#parts.now() - start)}`);
    } catch (error) {
      if (signal.aborted) return;
      if (!AppError.is(error)) this.#parts.onFault(error);
      log(`> The tools could not be listed: ${AppError.is(error) ? `${error.message} (${error.fix})` : "see sbx daemon logs"}`);
      if (options.dryRun) throw error;
    }
  }

  async #listen(options: GatewayOptions & { readonly transport: "sse" | "streaming" }, client: ClientOptions, signal: AbortSignal): Promise<void> {
    const { transport, allowUnauthenticated } = options;
    const token = allowUnauthenticated ? undefined : options.token === undefined ? this.#parts.token() : new Secret(options.token);
    await using listener = await this.#parts.gateway.listen({ ...client, transport, port: options.port ?? DEFAULT_PORT, token });
    client.log(`> Start ${transport} server on port ${listener.port}`);
    client.log(`> Gateway URL: http://localhost:${listener.port}/${transport === "sse" ? "sse" : "mcp"}`);
    client.log(
      token === undefined
        ? "> Every program on this machine can use it: no token is asked for"
        : `> Use Bearer token: ${options.token === undefined ? "print it with: sbx mcp gateway token" : "the one of MCP_GATEWAY_AUTH_TOKEN"}`,
    );
    if (!signal.aborted) await once(signal, "abort");
  }
}

/** Resolves when a stream was read to its end, or when nobody reads it any more. */
async function wasRead(stream: Readable, connection: Duplex): Promise<void> {
  // What has closed already says so no more.
  if (connection.destroyed || stream.closed || stream.readableEnded) return;
  await new Promise((resolve) => {
    stream.once("end", resolve).once("close", resolve);
    connection.once("close", resolve);
  });
}

function clientOptions({ options, base }: Run, log: (line: string) => void): ClientOptions {
  return {
    base,
    // As Docker's: who names servers wants these and no others.
    management: options.servers === undefined,
    tools: options.tools,
    logCalls: options.logCalls,
    blockSecrets: options.blockSecrets,
    interceptors: options.interceptors,
    log,
    failed: (server, reason) => {
      log(`  > Can't start ${server}: ${reason}`);
    },
  };
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)}s`;
}
