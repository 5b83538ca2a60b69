import type { SecretBinding, ServerEntry, ServerSource } from "@sbx/contracts";

/** What a server is to a secret: its name, the catalog whose entry it is, and what it is made of. */
export type ServerIdentity = Pick<SecretBinding, "server" | "catalog" | "source">;

/** Tell an entry of a catalog from every other. `catalog` is the name under which the person knows the catalog. */
export function identifyServer({ name, source }: Pick<ServerEntry, "name" | "source">, catalog: string): ServerIdentity {
  return { server: name, catalog, source: fingerprint(source) };
}

/** Whether two are the same server: byte for byte, nothing is normalised. */
export function isSameServer(one: ServerIdentity, other: ServerIdentity): boolean {
  return one.server === other.server && one.catalog === other.catalog && one.source === other.source;
}

/**
 * Say what a server is without saying which version: kind and image, package or address.
 *
 * An image without a registry and the same one with `docker.io/` before it differ: whoever changes the spelling is asked again.
 */
function fingerprint(source: ServerSource): string {
  switch (source.kind) {
    case "image":
      return `image:${withoutVersion(source.image)}`;
    case "npm":
    case "pypi":
      return `${source.kind}:${source.package}`;
    case "bundle":
      return `bundle:${source.from}`;
    case "remote":
      return `remote:${source.url}`;
  }
}

/** A tag follows the last colon behind the last slash; a colon before it is a port's. */
function withoutVersion(image: string): string {
  const [named = ""] = image.split("@");
  const colon = named.lastIndexOf(":");
  return colon > named.lastIndexOf("/") ? named.slice(0, colon) : named;
}
