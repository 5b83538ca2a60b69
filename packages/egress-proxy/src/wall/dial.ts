import { lookup } from "node:dns/promises";
import { connect, isIP, type OnReadOpts, type Socket, type TcpNetConnectOpts } from "node:net";
import type { Destination, Rule } from "@sbx/contracts";
import { addressDenied, addressNamed, allowCommand, HOST_GATEWAY, type CompiledPolicy } from "@sbx/egress-policy";
import { embeddedIpv4, guardAddress } from "./address-guard.ts";
import type { WallLimits } from "./limits.ts";
import { createTunnelReader, openTunnel, readTunnelAnswer } from "./tunnel.ts";
import { UNUSABLE_PROXY, type ProxyFor, type UpstreamProxy } from "./upstream-proxy.ts";

/** Addresses of one name that are tried before giving up. */
const MAX_TRIED = 6;

/** All addresses of a name, IPv4 and IPv6, in the order of preference. Rejects when there are none. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** Open a connection to an address that was vetted; `host` is never a name. */
export type Connect = (options: TcpNetConnectOpts) => Socket;

/** Dial by this machine's own network stack. */
export const systemConnect: Connect = (options) => connect(options);

/** The addresses of a name as this machine's resolver gives them. */
export const systemResolve: Resolve = async (name) => (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);

export interface DialPorts {
  readonly resolve: Resolve;
  readonly connect: Connect;
  readonly hostAddresses: () => readonly string[];
  readonly limits: Pick<WallLimits, "resolveMs" | "dialMs">;
  /** Through whom hosts elsewhere are reached; they are dialled when absent. */
  readonly proxyFor?: ProxyFor | undefined;
}

interface DialOptions {
  /** The policy whose rules about addresses hold for what the name resolves to. */
  readonly policy: CompiledPolicy;
  readonly ports: DialPorts;
  /** Who takes the bytes of the upstream; without it they are read as usual. */
  readonly onread?: OnReadOpts;
  /** Whether a plain request of HTTP is sent there, which a proxy takes as such. */
  readonly plain?: boolean;
}

/** Why an address is not dialled; the rule where one says so. */
interface AddressRefusal {
  readonly reason: string;
  readonly rule?: Rule;
  readonly fix?: string;
}

export type Vetted = { readonly kind: "addresses"; readonly addresses: readonly string[] } | ({ readonly kind: "denied" } & AddressRefusal) | { readonly kind: "failed"; readonly reason: string };

/** `address`: what was vetted; absent for a name that only a proxy can resolve. `via`: the proxy that the connection ends at, which takes a plain request. */
export type Dialled = { readonly kind: "connected"; readonly socket: Socket; readonly address?: string | undefined; readonly via?: UpstreamProxy } | Exclude<Vetted, { kind: "addresses" }>;

/** Find the addresses that an allowed destination may be dialled at; the only place that resolves a name. */
async function vet(destination: Destination, policy: CompiledPolicy, ports: DialPorts): Promise<Vetted> {
  if (isGateway(destination)) return { kind: "addresses", addresses: ["127.0.0.1", "::1"] };
  let found: readonly string[];
  try {
    found = destination.kind === "address" ? [destination.address] : await withDeadline(ports.resolve(destination.name), ports.limits.resolveMs);
  } catch (error) {
    return { kind: "failed", reason: `the name could not be resolved (${codeOf(error)})` };
  }
  const own = ports.hostAddresses();
  const refusals: AddressRefusal[] = [];
  const addresses = found.filter((address) => {
    const refusal = whyNotDialled(address, destination, { policy, own });
    if (refusal !== undefined) refusals.push(refusal);
    return refusal === undefined;
  });
  const [first] = refusals;
  if (addresses.length > 0) return { kind: "addresses", addresses };
  return first === undefined ? { kind: "failed", reason: "the name has no address" } : { kind: "denied", ...first };
}

/** The name of the host's own loopback: a rule that names it is about nothing else. */
function isGateway(destination: Destination): boolean {
  return destination.kind === "name" && destination.name === HOST_GATEWAY;
}

/** Why an allowed destination may not be spoken to at this address, or `undefined`. `own` are the addresses of this machine. */
export function whyNotDialled(address: string, destination: Destination, { policy, own }: { readonly policy: CompiledPolicy; readonly own: readonly string[] }): AddressRefusal | undefined {
  if (isGateway(destination)) return undefined;
  const asked = destination.kind === "name" ? `${destination.name} resolves to ${address}, which` : address;
  const deny = addressDenied(policy, embeddedIpv4(address) ?? address, destination.port);
  if (deny !== undefined) return { rule: deny, reason: `${asked} is denied by rule ${deny.id}` };
  const guarded = guardAddress(address, own);
  if (guarded === undefined || addressNamed(policy, { address, port: destination.port }, guarded.namedBy)) return undefined;
  const reason = `${asked} is ${guarded.what}, and no rule names it`;
  return address.includes(":") ? { reason } : { reason, fix: allowCommand({ kind: "address", address, port: destination.port }, { port: true }) };
}

/**
 * Resolve, drop every address that must not be dialled, and connect to exactly one of the rest: tried one after the other,
 * never resolved again, the peer's address checked. The socket is half-open capable and has sent nothing.
 */
export async function dial(destination: Destination, options: DialOptions, signal: AbortSignal): Promise<Dialled> {
  const { policy, ports, onread, plain = false } = options;
  const proxy = isGateway(destination) ? undefined : ports.proxyFor?.(destination, plain);
  if (proxy === "unusable") return { kind: "failed", reason: UNUSABLE_PROXY };
  if (proxy !== undefined) return await dialThrough(proxy, { ...options, destination }, signal);
  const vetted = await vet(destination, policy, ports);
  if (vetted.kind !== "addresses") return vetted;
  let reason = "";
  for (const address of vetted.addresses.slice(0, MAX_TRIED)) {
    if (signal.aborted) break;
    try {
      return { kind: "connected", socket: await connectTo({ host: address, port: destination.port, ...(onread === undefined ? {} : { onread }) }, ports, signal), address };
    } catch (error) {
      reason = `${address} did not answer (${codeOf(error)})`;
    }
  }
  return { kind: "failed", reason: reason === "" ? "the client went away" : reason };
}

/**
 * The same through a proxy, which resolves the name by itself. What this machine resolves it to is vetted all the same: an address that must
 * not be dialled is none to ask a proxy for.
 */
async function dialThrough(proxy: UpstreamProxy, { destination, policy, ports, onread, plain }: DialOptions & { readonly destination: Destination }, signal: AbortSignal): Promise<Dialled> {
  const vetted = await vet(destination, policy, ports);
  if (vetted.kind === "denied") return vetted;
  const [address] = vetted.kind === "addresses" ? vetted.addresses : [];
  const tunnel = onread === undefined || plain === true ? undefined : createTunnelReader(onread);
  const socket = await reach(proxy, { ports, onread: tunnel?.onread }, signal);
  if (typeof socket === "string") return { kind: "failed", reason: socket };
  if (plain === true) return { kind: "connected", socket, address, via: proxy };
  const target = `${destination.kind === "name" ? destination.name : destination.address}:${destination.port}`;
  const failure = await openTunnel(socket, { target, proxy, answered: tunnel?.answered ?? readTunnelAnswer(socket), ms: ports.limits.dialMs * 2, signal });
  if (failure === undefined) return { kind: "connected", socket, address };
  socket.destroy();
  return { kind: "failed", reason: `the proxy at ${proxy.host}:${proxy.port}: ${failure}` };
}

/** A connection to a proxy, or why there is none. */
async function reach({ host, port }: UpstreamProxy, { ports, onread }: Pick<DialOptions, "ports"> & { readonly onread: OnReadOpts | undefined }, signal: AbortSignal): Promise<Socket | string> {
  try {
    const [address = host] = isIP(host) === 0 ? await withDeadline(ports.resolve(host), ports.limits.resolveMs) : [];
    return await connectTo({ host: address, port, ...(onread === undefined ? {} : { onread }) }, ports, signal);
  } catch (error) {
    return `the proxy at ${host}:${port} did not answer (${codeOf(error)})`;
  }
}

function connectTo(to: TcpNetConnectOpts & { readonly host: string }, { connect: open, limits }: DialPorts, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = open({ ...to, allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 });
  const give = (error: Error): void => {
    socket.destroy();
    reject(error);
  };
  const timer = setTimeout(() => {
    give(Object.assign(new Error("connect timed out"), { code: "ETIMEDOUT" }));
  }, limits.dialMs);
  const abort = (): void => {
    give(Object.assign(new Error("aborted"), { code: "ABORTED" }));
  };
  signal.addEventListener("abort", abort, { once: true });
  const settle = (): void => {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    socket.off("error", give);
  };
  socket.once("error", give);
  socket.once("connect", () => {
    if (!samePeer(socket.remoteAddress, to.host)) give(Object.assign(new Error("connected to another address"), { code: "EPEER" }));
    else resolve(socket);
  });
  return promise.finally(settle);
}

function samePeer(peer: string | undefined, address: string): boolean {
  return peer !== undefined && new URL(`http://${bracket(peer)}/`).hostname === new URL(`http://${bracket(address)}/`).hostname;
}

function bracket(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

/** The short code of a system error, for people: never its message, which may hold what it likes. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown error";
}

async function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(Object.assign(new Error("took too long"), { code: "ETIMEDOUT" }));
  }, ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
