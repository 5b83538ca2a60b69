import { isLoopback } from "../web/web-dispatcher.ts";

/** Registries whose tokens come from another host of whoever runs them. */
const KNOWN_REALMS: ReadonlyMap<string, string> = new Map([
  ["registry-1.docker.io", "auth.docker.io"],
  ["registry.gitlab.com", "gitlab.com"],
]);

/**
 * Whether the address at which a registry gives tokens is its own, so that the login for the registry may be shown there: it
 * is on the same host, over https as the registry is, or on a host that is known to be the registry's. Names tell no more:
 * who has a domain may let others have names below it. On this machine each port may be somebody else's: there, and without
 * https, it is the same origin.
 */
export function isRealmOf(realm: URL, registry: URL): boolean {
  if (registry.protocol !== "https:" || isLoopback(registry.hostname)) return realm.origin === registry.origin;
  if (realm.protocol !== "https:") return false;
  return realm.hostname === registry.hostname || (realm.port === "" && KNOWN_REALMS.get(registry.host) === realm.hostname);
}
