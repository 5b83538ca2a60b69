import { isLoopback } from "../catalogs/web-dispatcher.ts";

/** Registries whose tokens come from another host of whoever runs them. */
const TOKEN_HOSTS: Readonly<Record<string, string>> = { "registry-1.docker.io": "auth.docker.io", "registry.gitlab.com": "gitlab.com" };

/**
 * Whether the address at which a registry gives tokens belongs to it, so that the credentials for the registry may be shown
 * there: it is on the same host, over https, or on a host that is known to be the registry's. On this machine each port may be
 * somebody else's: there it is the same origin.
 */
export function belongsToRegistry(realm: URL, registryOrigin: string): boolean {
  const registry = new URL(registryOrigin);
  if (isLoopback(registry.hostname)) return realm.origin === registry.origin;
  if (realm.protocol !== "https:") return false;
  return realm.hostname === registry.hostname || (realm.port === "" && Object.hasOwn(TOKEN_HOSTS, registry.host) && TOKEN_HOSTS[registry.host] === realm.hostname);
}
