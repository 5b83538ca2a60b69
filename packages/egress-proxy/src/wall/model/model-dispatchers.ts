import type { Dispatcher } from "undici";
import { authoritiesOf } from "../terminate/speak-tls.ts";
import type { ProxyFor, UpstreamProxy } from "../upstream-proxy.ts";

/** Model answers may take minutes to begin and are silent for long. */
const HEADERS_TIMEOUT_MS = 15 * 60 * 1000;
const BODY_TIMEOUT_MS = 15 * 60 * 1000;

export interface ModelDispatchersOptions {
  /** Certificates of authorities to trust beside the system's and Node's own, in PEM. */
  readonly trust: readonly string[];
  readonly proxyFor?: ProxyFor | undefined;
}

/** The ways to model providers: directly, or through the proxy of this machine's network. Disposing ends what is under way. */
export interface ModelDispatchers extends AsyncDisposable {
  /** `undefined` where there is a proxy that sbx does not speak to. A model of this machine's own is asked directly. */
  of(target: URL): Dispatcher | undefined;
}

/** The client is loaded when a model is first asked: a daemon that only waits takes less memory. */
export async function createModelDispatchers({ trust, proxyFor }: ModelDispatchersOptions): Promise<ModelDispatchers> {
  const { Agent, ProxyAgent } = await import("undici");
  const tls = { ca: authoritiesOf(trust), rejectUnauthorized: true };
  const limits = { headersTimeout: HEADERS_TIMEOUT_MS, bodyTimeout: BODY_TIMEOUT_MS, allowH2: false };
  const direct = new Agent({ ...limits, connect: tls });
  const proxied = new Map<string, Dispatcher>();
  const through = ({ host, port, authorization }: UpstreamProxy): Dispatcher => {
    const uri = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
    const there = proxied.get(uri) ?? new ProxyAgent({ ...limits, uri, requestTls: tls, ...(authorization === undefined ? {} : { token: authorization }) });
    proxied.set(uri, there);
    return there;
  };
  return {
    of({ protocol, hostname, port }) {
      const proxy = protocol === "https:" ? proxyFor?.({ kind: "name", name: hostname, port: port === "" ? 443 : Number(port) }, false) : undefined;
      if (proxy === "unusable") return undefined;
      return proxy === undefined ? direct : through(proxy);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([direct, ...proxied.values()].map(async (dispatcher) => dispatcher.destroy()));
    },
  };
}
