import type { Environment } from "./host-trust.ts";
import { isLoopback, npmRegistry, pipIndex } from "./package-index.ts";

const PROXY_KEYS = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/**
 * What this host's network needs a build to know, as build arguments: proxies, the npm registry, the Python index.
 *
 * A proxy on the host's loopback is left out, a build could not reach it; so is a proxy, registry or index whose address carries
 * a credential: whatever a Kit runs could read it. No answer of npm or pip counts as no setting.
 */
export async function buildSettings(env: Environment, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
  const proxies = PROXY_KEYS.flatMap((key) => {
    const value = env[key];
    return value === undefined || value === "" || value.includes("@") || isLoopbackUrl(value) ? [] : [[key, value] as const];
  });
  const [registry, index] = await Promise.all([npmRegistry(env, signal), pipIndex(env, signal)]);
  return { ...Object.fromEntries(proxies), ...(registry === undefined ? {} : { NPM_CONFIG_REGISTRY: registry }), ...(index === undefined ? {} : { PIP_INDEX_URL: index }) };
}

function isLoopbackUrl(value: string): boolean {
  const url = URL.parse(value.includes("://") ? value : `http://${value}`);
  return url !== null && isLoopback(url.hostname);
}
