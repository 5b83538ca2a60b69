import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Duplex } from "node:stream";
import { AppError } from "@sbx/contracts";
import { ByteBudget } from "./byte-budget.ts";
import type { GatewayOptions, GatewayParts } from "./gateway-options.ts";
import { guardRequest } from "./http/guard-request.ts";
import { LegacySse, MESSAGES_PATH, SSE_PATH } from "./http/legacy-sse.ts";
import { HttpRefusal, refuse } from "./http/refusal.ts";
import { StreamableHttp } from "./http/streamable-http.ts";
import { GATEWAY_LIMITS } from "./limits.ts";
import type { Caller } from "./ports.ts";
import { ScopeRegistry, type InstanceView } from "./scope-registry.ts";
import { serveDuplex } from "./serve-duplex.ts";
import { KnownLists } from "./view/known-lists.ts";
import { MemoryListStore } from "./view/memory-list-store.ts";
import { ToolPresenter } from "./view/tool-presenter.ts";

/** Many MCP servers behind one endpoint, for sandboxes and for clients on the host. */
export interface Gateway extends AsyncDisposable {
  /** Answer one request over HTTP of a caller whose identity was established. Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void>;
  /** Serve a client on a stream of lines until it ends; the signal ends it too. */
  serveDuplex(stream: Duplex, caller: Caller, signal: AbortSignal): Promise<void>;
  /** Take over what the state and the catalog say now, for one scope or for all. */
  refresh(scope?: string): Promise<void>;
  /** Stop what runs for a sandbox that has stopped; its sessions find it anew when it comes back. */
  closeScope(scope: string): Promise<void>;
  /** The servers that run now. */
  instances(): readonly InstanceView[];
  /** What instances of a server last wrote beside the protocol, those that run and the one that ended last. */
  logs(server: string): string;
  /** Stop every instance of a server; the next use starts it anew. Resolves with how many ran. */
  restart(server: string): Promise<number>;
  /** Why the gateway cannot serve, or `undefined` when it can. */
  unhealthy(): string | undefined;
}

const STOPPED = new AppError("INTERRUPTED", { message: "The gateway stops.", fix: "Connect again when it is back." });

/** Make a gateway of its parts. Nothing is started until it is used. */
export function createGateway(options: GatewayOptions): Gateway {
  const limits = { ...GATEWAY_LIMITS, ...options.limits };
  const interceptors = options.interceptors ?? [];
  const parts: GatewayParts = {
    ...options,
    limits,
    budget: new ByteBudget(limits.allBytes),
    aside: new ByteBudget(limits.allAsideBytes),
    asideDirectory: options.asideDirectory ?? path.join(tmpdir(), `sbx-mcp-${process.pid}`),
    known: new KnownLists({ store: options.lists ?? new MemoryListStore(), interceptors }),
    presenter: new ToolPresenter(),
    interceptors,
    sampling: options.sampling ?? "refuse",
    management: options.management ?? true,
    offers: options.offers ?? (() => true),
  };
  return new ComposedGateway(parts);
}

class ComposedGateway implements Gateway {
  readonly #parts: GatewayParts;
  readonly #scopes: ScopeRegistry;
  readonly #streamable: StreamableHttp;
  readonly #legacy: LegacySse;
  readonly #stopped = new AbortController();

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.#scopes = new ScopeRegistry(parts);
    this.#streamable = new StreamableHttp(this.#scopes);
    this.#legacy = new LegacySse(this.#scopes);
  }

  async handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
    try {
      guardRequest(request, caller.kind);
      if (this.#stopped.signal.aborted) throw new HttpRefusal(503, "The gateway stops.");
      await this.#route(request, response, caller);
    } catch (error) {
      if (error instanceof HttpRefusal) {
        refuse(response, error);
        return;
      }
      // What a person has to mend first, such as a file of theirs that is broken.
      if (AppError.is(error)) {
        refuse(response, new HttpRefusal(503, `${error.message}. ${error.fix}`));
        return;
      }
      this.#parts.onFault(error);
      refuse(response, new HttpRefusal(500, "Internal error."));
    }
  }

  async serveDuplex(stream: Duplex, caller: Caller, signal: AbortSignal): Promise<void> {
    const stop = (): void => {
      stream.destroy();
    };
    const either = AbortSignal.any([signal, this.#stopped.signal]);
    either.addEventListener("abort", stop, { once: true });
    try {
      if (!either.aborted) await serveDuplex(stream, { scopes: this.#scopes, caller });
    } finally {
      either.removeEventListener("abort", stop);
    }
  }

  async refresh(scope?: string): Promise<void> {
    await this.#scopes.refresh(scope);
  }

  async closeScope(scope: string): Promise<void> {
    await this.#scopes.close(scope);
  }

  unhealthy(): string | undefined {
    if (this.#stopped.signal.aborted) return "stopped";
    try {
      this.#parts.state.profile("health", { kind: "host", scope: "health" });
      return undefined;
    } catch {
      return "the state cannot be read";
    }
  }

  instances(): readonly InstanceView[] {
    return this.#scopes.instances();
  }

  logs(server: string): string {
    return this.#scopes.logs(server);
  }

  async restart(server: string): Promise<number> {
    return await this.#scopes.restart(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort(STOPPED);
    this.#streamable.endAll(STOPPED);
    this.#legacy.endAll(STOPPED);
    await this.#scopes[Symbol.asyncDispose]();
  }

  async #route(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
    const url = URL.parse(request.url ?? "", "http://gateway");
    switch (url?.pathname) {
      case "/":
      case "/mcp":
        await this.#streamable.handle(request, response, caller);
        return;
      case SSE_PATH:
        this.#legacy.open(request, response, caller);
        return;
      case MESSAGES_PATH:
        await this.#legacy.post(request, response, { caller, id: url.searchParams.get("sessionId") });
        return;
      case "/health": {
        const reason = this.unhealthy();
        response.writeHead(reason === undefined ? 200 : 503, { "content-type": "application/json", "cache-control": "no-store" });
        response.end(JSON.stringify(reason === undefined ? { status: "ok" } : { status: "unavailable", reason }));
        return;
      }
      default:
        throw new HttpRefusal(404, "Not found: the endpoint is /mcp.");
    }
  }
}
