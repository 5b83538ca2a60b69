import { Agent, EnvHttpProxyAgent, type Dispatcher } from "undici";

/** Through what an address is asked: a proxy where the person has one, and never for this machine itself. */
export type WebDispatcher = (url: URL) => Dispatcher;

const LIMITS = { connect: { timeout: 10_000 }, headersTimeout: 20_000, bodyTimeout: 30_000, maxHeaderSize: 64 * 1024 };

/** Make the ways out for what a person reads from the web; released with `scope`. */
export function createWebDispatcher(environment: Readonly<Record<string, string | undefined>>, scope: AsyncDisposableStack): WebDispatcher {
  const of = (...names: readonly string[]): string => names.map((name) => environment[name]).find((value) => value !== undefined && value !== "") ?? "";
  const direct = new Agent(LIMITS);
  const proxied = new EnvHttpProxyAgent({ ...LIMITS, httpProxy: of("http_proxy", "HTTP_PROXY"), httpsProxy: of("https_proxy", "HTTPS_PROXY"), noProxy: of("no_proxy", "NO_PROXY") });
  scope.defer(async () => {
    await Promise.all([direct.destroy(), proxied.destroy()]);
  });
  return (url) => (isLoopback(url.hostname) ? direct : proxied);
}

/** Whether a host name of a URL is this machine whatever a resolver says. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
