import type { LookupFunction } from "node:net";
import { createSystemAddresses, systemResolve, type Resolve } from "@sbx/egress-proxy";
import type { Dispatcher } from "undici";
import { asLookup, createPublicAddresses, NotPublic, type PublicAddresses } from "./public-addresses.ts";

/**
 * Through what an address is asked: a proxy where the person has one, and never for this machine itself. With `public`, what
 * is at no public address is not asked: for what somebody else named. Rejects then.
 */
export type WebDispatcher = (url: URL, reach?: "anywhere" | "public") => Promise<Dispatcher>;

/** How names are resolved and what this machine's addresses are; the system's by default. */
export interface WebWorld {
  readonly resolve?: Resolve;
  readonly own?: () => readonly string[];
}

const CONNECT_MS = 10_000;
const LIMITS = { headersTimeout: 20_000, bodyTimeout: 30_000, maxHeaderSize: 64 * 1024 };

/** Make the ways out for what a person reads from the web; released with `scope`. */
export function createWebDispatcher(
  environment: Readonly<Record<string, string | undefined>>,
  scope: AsyncDisposableStack,
  { resolve = systemResolve, own = createSystemAddresses() }: WebWorld = {},
): WebDispatcher {
  const of = (...names: readonly string[]): string => names.map((name) => environment[name]).find((value) => value !== undefined && value !== "") ?? "";
  const proxies = { httpProxy: of("http_proxy", "HTTP_PROXY"), httpsProxy: of("https_proxy", "HTTPS_PROXY"), noProxy: of("no_proxy", "NO_PROXY") };
  const publicAddresses = createPublicAddresses({ resolve, own });
  const open = async (): Promise<Readonly<Record<"direct" | "proxied" | "guarded", Dispatcher>>> => {
    const { Agent, EnvHttpProxyAgent } = await import("undici");
    return {
      direct: new Agent({ ...LIMITS, connect: { timeout: CONNECT_MS } }),
      proxied: new EnvHttpProxyAgent({ ...LIMITS, connect: { timeout: CONNECT_MS }, ...proxies }),
      // Looked up once more when it connects: a name may lead elsewhere by then.
      guarded: new EnvHttpProxyAgent({ ...LIMITS, connect: { timeout: CONNECT_MS, lookup: publicLookup(publicAddresses) }, ...proxies }),
    };
  };
  let opened: ReturnType<typeof open> | undefined;
  scope.defer(async () => {
    await Promise.all(Object.values((await opened) ?? {}).map(async (dispatcher) => dispatcher.destroy()));
  });
  return async (url, reach = "anywhere") => {
    const { direct, proxied, guarded } = await (opened ??= open());
    if (reach === "anywhere") return isLoopback(url.hostname) ? direct : proxied;
    await publicAddresses(url.hostname).catch((error: unknown) => {
      // A name that only a proxy can resolve is the proxy's to judge, and one that nobody can leads nowhere.
      if (error instanceof NotPublic) throw error;
    });
    return guarded;
  };
}

function publicLookup(publicAddresses: PublicAddresses): LookupFunction {
  return (hostname, { all }, callback) => {
    publicAddresses(hostname).then(
      (addresses) => {
        const found = asLookup(addresses);
        const [first] = found;
        if (first === undefined) callback(new Error(`${hostname} has no address`), "", 0);
        else if (all === true) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : new Error(String(error)), "", 0);
      },
    );
  };
}

/** Whether a host name of a URL is this machine whatever a resolver says. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
