import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Environment } from "./host-trust.ts";

const run = promisify(execFile);
const PROXY_KEYS = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/**
 * What this host's network needs a build to know, as build arguments: proxies and the npm registry.
 *
 * A proxy on the host's loopback is left out, a build could not reach it; so is a proxy or registry whose address carries
 * a credential: whatever a Kit runs could read it. No answer of npm counts as no setting.
 */
export async function buildSettings(env: Environment, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
  const proxies = PROXY_KEYS.flatMap((key) => {
    const value = env[key];
    return value === undefined || value === "" || value.includes("@") || isLoopbackUrl(value) ? [] : [[key, value] as const];
  });
  const registry = await npmRegistry(env, signal);
  return { ...Object.fromEntries(proxies), ...(registry === undefined ? {} : { NPM_CONFIG_REGISTRY: registry }) };
}

async function npmRegistry(env: Environment, signal: AbortSignal): Promise<string | undefined> {
  // Not where the daemon was started: the .npmrc of a repository is nobody's setting for this host.
  const answer = await run("npm", ["config", "get", "registry"], { cwd: "/", env, signal, timeout: 10_000 }).then(
    ({ stdout }) => stdout.trim(),
    () => "",
  );
  signal.throwIfAborted();
  const url = URL.parse(answer);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") return undefined;
  return isLoopback(url.hostname) ? undefined : url.href;
}

function isLoopbackUrl(value: string): boolean {
  const url = URL.parse(value.includes("://") ? value : `http://${value}`);
  return url !== null && isLoopback(url.hostname);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
