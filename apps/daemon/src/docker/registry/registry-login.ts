import type { Secret } from "@sbx/secret-injector";
import { AppError } from "@sbx/contracts";

/** The header by which a registry knows the person: a secret that is kept as `USER:PASSWORD`. @throws AppError `CONFIG_INVALID` */
export function basicAuthorization(login: Secret, secretName: string): string {
  const text = login.reveal().trim();
  if (!/^[^:\s]+:[^\r\n]+$/.test(text))
    throw new AppError("CONFIG_INVALID", { message: `The secret "${secretName}" is no login of a registry`, fix: `Keep it as USER:PASSWORD with: sbx secret set ${secretName}` });
  return `Basic ${Buffer.from(text).toString("base64")}`;
}

/** Registries whose tokens come from a host that their name does not tell. */
const KNOWN_REALMS: ReadonlyMap<string, string> = new Map([["registry-1.docker.io", "auth.docker.io"]]);

/**
 * Whether a realm that gives tokens is the registry's own, so that it may see the login: the same host, one below it, one
 * that it lies below itself (`registry.gitlab.com` and `gitlab.com`), or one that is known to be. A registry on this
 * machine has its realm at its own address.
 */
export function isRealmOf(realm: URL, registry: URL): boolean {
  if (realm.protocol !== registry.protocol) return false;
  if (realm.protocol !== "https:") return realm.origin === registry.origin;
  const [asked, own] = [realm.hostname, registry.hostname];
  if (asked === own || KNOWN_REALMS.get(own) === asked) return true;
  if (/^[\d.]+$/.test(asked) || /^[\d.]+$/.test(own)) return false;
  return asked.endsWith(`.${own}`) || (own.endsWith(`.${asked}`) && asked.includes("."));
}
