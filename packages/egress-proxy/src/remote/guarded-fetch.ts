import type { Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { AppError, type Destination, type Rule } from "@sbx/contracts";
import { decide, parseHost, type CompiledPolicy } from "@sbx/egress-policy";
import type { buildConnector } from "undici";
import { codeOf, dial, systemConnect, systemResolve, type Connect, type Resolve } from "../wall/dial.ts";
import { DEFAULT_LIMITS, type WallLimits } from "../wall/limits.ts";
import { createSystemAddresses } from "../wall/system-addresses.ts";
import { authoritiesOf } from "../wall/terminate/speak-tls.ts";
import type { ProxyFor } from "../wall/upstream-proxy.ts";

/** What became of a connection to a remote server, for the record. */
export interface RemoteOutcome {
  readonly kind: "allowed" | "denied" | "failed";
  readonly to: string;
  readonly port: number;
  readonly reason: string;
  readonly rule?: Rule | undefined;
  readonly fix?: string | undefined;
}

/** To where requests may go, and what is known of the world. */
export interface GuardedFetchOptions {
  /** The policy in force now, asked for each request and each connection. */
  readonly policy: () => CompiledPolicy;
  /** The only origin that is spoken to; other requests are refused before anything is resolved. Any that policy allows when absent. */
  readonly origin?: string;
  /** `give` hands redirects to the caller; by default they are followed inside the origin. */
  readonly redirects?: "follow" | "give";
  /** Put on each request to the origin, over whatever it has. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly record: (outcome: RemoteOutcome) => void;
  readonly resolve?: Resolve;
  readonly connect?: Connect;
  readonly hostAddresses?: () => readonly string[];
  /** Through whom hosts elsewhere are reached. */
  readonly proxyFor?: ProxyFor;
  /** Further authorities for certificates, in PEM. */
  readonly trust?: readonly string[];
  readonly limits?: Partial<Pick<WallLimits, "resolveMs" | "dialMs" | "headMs">>;
}

/** A `fetch` that dials as the wall does. Disposing closes its connections. */
export interface GuardedFetch extends AsyncDisposable {
  readonly fetch: typeof fetch;
}

/** Answers of tools may take minutes to begin, and streams of events are silent for long. */
const HEADERS_TIMEOUT_MS = 10 * 60_000;
const BODY_TIMEOUT_MS = 30 * 60_000;
const IDLE_MS = 10_000;
const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Make a `fetch` for servers that somebody else runs: https alone, each address vetted when it is dialled, exactly that
 * one dialled, the certificate verified. A redirect is followed inside its origin and nowhere else, and no header of ours
 * goes to another origin.
 *
 * Rejects with `SERVER_DENIED` for what may not be reached.
 */
export function createGuardedFetch(options: GuardedFetchOptions): GuardedFetch {
  let client: ReturnType<typeof createClient> | undefined;
  let isOver = false;
  const send = async (url: URL, init: RequestInit): Promise<Response> => {
    if (isOver) throw new Error("a guarded fetch was used after its end");
    return (await (client ??= createClient(options))).send(url, init);
  };
  const ask = async (url: URL, init: RequestInit, redirects: number): Promise<Response> => {
    check(url, options);
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value);
    const response = await send(url, { ...init, headers, redirect: "manual" });
    const location = response.headers.get("location");
    if (!REDIRECTS.has(response.status) || location === null || options.redirects === "give") return response;
    await response.body?.cancel();
    const next = URL.parse(location, url.href);
    if (next === null || next.origin !== url.origin) throw denied(url.host, "it sends to another origin, where nothing of this request may go");
    if (redirects >= MAX_REDIRECTS) throw denied(url.host, "it goes round in redirects");
    return ask(next, response.status === 307 || response.status === 308 ? init : asGet(init), redirects + 1);
  };
  return {
    fetch: async (input, init = {}) => {
      if (input instanceof Request) throw new Error("a guarded fetch takes an address and no Request");
      return ask(new URL(input), init, 0);
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await (await client)?.end();
    },
  };
}

/** The client is loaded when a server is first asked: a daemon that only waits takes less memory. */
async function createClient(options: GuardedFetchOptions): Promise<{ readonly send: (url: URL, init: RequestInit) => Promise<Response>; readonly end: () => Promise<void> }> {
  const { Agent, fetch: undiciFetch } = await import("undici");
  const agent = new Agent({
    connect: createConnector(options),
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    maxHeaderSize: 65_536,
    allowH2: false,
  });
  return {
    // One interface in two type libraries: undici's own `fetch` is what Node's global is made of.
    send: async (url, init) =>
      await undiciFetch(url, { ...init, dispatcher: agent } as unknown as Parameters<typeof undiciFetch>[1]).catch((error: unknown) => {
        throw causeOf(error);
      }),
    end: async () => agent.destroy(),
  };
}

function asGet({ body: _body, ...init }: RequestInit): RequestInit {
  return { ...init, method: "GET" };
}

/** @throws AppError `SERVER_DENIED` */
function check(url: URL, { policy, origin, record }: GuardedFetchOptions): void {
  if (url.protocol !== "https:" || url.username !== "" || url.password !== "") throw denied(url.host, "only https is spoken, without a name and password in the address");
  if (origin !== undefined && url.origin !== origin) throw denied(url.host, `only ${origin} is spoken to for this server`);
  const destination = destinationOf(url);
  const decision = decide(policy(), destination);
  if (decision.effect === "allow") return;
  record({ kind: "denied", ...placeOf(destination), reason: decision.reason, rule: decision.rule, fix: decision.fix });
  throw denied(url.host, decision.reason);
}

/** @throws AppError `SERVER_DENIED` for an address that is none of a host of the internet */
function destinationOf(url: URL): Destination {
  const port = url.port === "" ? 443 : Number(url.port);
  if (/^\d+(\.\d+){3}$/.test(url.hostname)) return { kind: "address", address: url.hostname, port };
  const name = parseHost(url.hostname);
  if (name === undefined) throw denied(url.host, "it is no host name");
  return { kind: "name", name, port };
}

function placeOf(destination: Destination): { readonly to: string; readonly port: number } {
  return { to: destination.kind === "name" ? destination.name : destination.address, port: destination.port };
}

function createConnector({ policy, record, trust = [], limits, ...world }: GuardedFetchOptions): buildConnector.connector {
  const all = { ...DEFAULT_LIMITS, ...limits };
  const ports = {
    resolve: world.resolve ?? systemResolve,
    connect: world.connect ?? systemConnect,
    hostAddresses: world.hostAddresses ?? createSystemAddresses(),
    limits: all,
    proxyFor: world.proxyFor,
  };
  const ca = authoritiesOf(trust);
  const open = async ({ hostname, port }: { readonly hostname: string; readonly port: string }): Promise<TLSSocket> => {
    const destination = destinationOf(new URL(`https://${hostname}:${port === "" ? "443" : port}`));
    const rules = policy();
    const decision = decide(rules, destination);
    if (decision.effect === "deny") throw denied(hostname, decision.reason);
    const dialled = await dial(destination, { policy: rules, ports }, AbortSignal.timeout(all.resolveMs + 6 * all.dialMs));
    if (dialled.kind === "denied") {
      record({ kind: "denied", ...placeOf(destination), reason: dialled.reason, rule: dialled.rule ?? decision.rule, fix: dialled.fix });
      throw denied(hostname, dialled.reason);
    }
    if (dialled.kind === "failed") {
      record({ kind: "failed", ...placeOf(destination), reason: dialled.reason, rule: decision.rule });
      throw new AppError("SERVER_FAILED", { message: `${hostname} could not be reached: ${dialled.reason}`, fix: "Try again later, or look at the server's own status page." });
    }
    const secured = await secure(dialled.socket, { servername: destination.kind === "name" ? destination.name : "", host: hostname, ca, ms: all.headMs });
    record({ kind: "allowed", ...placeOf(destination), reason: decision.reason, rule: decision.rule });
    return secured;
  };
  return ({ hostname, port }, callback) => {
    open({ hostname, port }).then(
      (socket) => {
        callback(null, socket);
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : new Error(String(error)), null);
      },
    );
  };
}

/** Speak TLS over a connection that was dialled; the certificate must be for the host that was asked for. */
async function secure(socket: Socket, { servername, host, ca, ms }: { readonly servername: string; readonly host: string; readonly ca: string[]; readonly ms: number }): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const secured = connectTls({ socket, host, servername, ca, rejectUnauthorized: true, ALPNProtocols: ["http/1.1"] });
  const timer = setTimeout(() => {
    secured.destroy(new Error("it did not answer in time"));
  }, ms);
  secured.once("secureConnect", () => {
    resolve(secured);
  });
  secured.once("error", (error: Error) => {
    socket.destroy();
    reject(
      new AppError("SERVER_FAILED", {
        message: `${host} could not be spoken to safely (${codeOf(error)})`,
        fix: "Look at the server's certificate; on a network that inspects TLS, add its authority to this machine.",
        cause: error,
      }),
    );
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

/** `fetch` wraps what the connector said. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && AppError.is(error.cause) ? error.cause : error;
}

function denied(host: string, why: string): AppError {
  return new AppError("SERVER_DENIED", {
    message: `${host.slice(0, 255)} is not spoken to: ${why}`,
    fix: "See why with: sbx events; a person can allow an address with: sbx policy allow HOST:PORT --server NAME",
  });
}
