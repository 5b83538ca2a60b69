import { AppError, ServerEntry, ServerName } from "@sbx/contracts";
import type { CatalogFiles, FoundEntry } from "./catalog-files.ts";
import type { ReadCatalog } from "./catalog-format.ts";
import type { ReadImage } from "./image-servers.ts";

/** Name of the catalog into which servers go that a person adds by address. */
export const OWN_CATALOG = "my-servers";

/** What a server's address led to: entries that a catalog has, or ones that none has yet. */
export interface ResolvedServers {
  readonly found: readonly FoundEntry[];
  readonly fresh: readonly ServerEntry[];
  /** What the person must know of the fresh ones. */
  readonly notes: readonly string[];
}

interface Resolve {
  readonly catalogs: Pick<CatalogFiles, "find" | "servers">;
  /** Reads what an address of the web gives. */
  readonly fetchCatalog: (url: string, signal: AbortSignal) => Promise<ReadCatalog>;
  readonly readImage: ReadImage;
  readonly signal: AbortSignal;
}

/**
 * Find the servers that a person means: by name, `catalog://NAME/SERVER+SERVER` (with `*`), `npm:PACKAGE@VERSION`,
 * `pypi:PACKAGE@VERSION`, `docker://IMAGE`, or an https address of a community registry.
 *
 * @throws AppError `SERVER_UNKNOWN`, `CATALOG_UNKNOWN`, `USAGE`, and what reading an address throws
 */
export async function resolveServers(uri: string, { catalogs, fetchCatalog, readImage, signal }: Resolve): Promise<ResolvedServers> {
  if (ServerName.safeParse(uri).success) return { found: [byName(uri, catalogs)], fresh: [], notes: [] };
  if (uri.startsWith("catalog://")) return { found: ofCatalog(uri, catalogs), fresh: [], notes: [] };
  if (uri.startsWith("npm:") || uri.startsWith("pypi:")) return { found: [], fresh: [ofPackage(uri)], notes: [] };
  if (uri.startsWith("docker://")) return await ofImage(uri, readImage, signal);
  if (uri.startsWith("https://")) {
    const { servers } = await fetchCatalog(uri, signal);
    if (servers.length === 0)
      throw new AppError("SERVER_UNKNOWN", { message: `${uri} describes no server that could be run here`, fix: "Look at the address in a browser; it must be a server.json of a registry." });
    return { found: [], fresh: servers, notes: [] };
  }
  throw new AppError("USAGE", {
    message: `"${uri}" is no server`,
    fix: "Write a name, catalog://CATALOG/NAME, npm:PACKAGE@VERSION, pypi:PACKAGE@VERSION, docker://IMAGE or an https address; a file goes through: sbx mcp catalog import FILE",
  });
}

function byName(name: string, catalogs: Resolve["catalogs"]): FoundEntry {
  const found = catalogs.find(name);
  if (found !== undefined) return found;
  throw new AppError("SERVER_UNKNOWN", { message: `No catalog has a server "${name}"`, fix: `Look for it with: sbx mcp server search ${name}` });
}

function ofCatalog(uri: string, catalogs: Resolve["catalogs"]): readonly FoundEntry[] {
  const at = uri.lastIndexOf("/");
  const catalog = uri.slice("catalog://".length, Math.max(at, "catalog://".length));
  const patterns = uri.slice(at + 1).split("+");
  if (catalog === "" || patterns.includes("")) throw new AppError("USAGE", { message: `"${uri}" names no catalog and server`, fix: "Write catalog://CATALOG/NAME, or catalog://CATALOG/NAME+NAME." });
  const servers = catalogs.servers(catalog);
  return patterns.flatMap((pattern) => {
    const entries = servers.filter(({ name }) => matches(pattern, name));
    if (entries.length === 0) throw new AppError("SERVER_UNKNOWN", { message: `The catalog "${catalog}" has no server "${pattern}"`, fix: `See what it has with: sbx mcp catalog show ${catalog}` });
    return entries.map((entry) => ({ entry, catalog }));
  });
}

/** `*` stands for any text. Split, not compiled: a pattern of many stars costs no more than its length. */
function matches(pattern: string, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === name;
  const last = rest.pop() ?? "";
  if (!name.startsWith(first) || !name.slice(first.length).endsWith(last)) return false;
  let position = first.length;
  const end = name.length - last.length;
  for (const part of rest) {
    const at = name.indexOf(part, position);
    if (at < 0 || at + part.length > end) return false;
    position = at + part.length;
  }
  return position <= end;
}

function ofPackage(uri: string): ServerEntry {
  const [, kind, name, version] = /^(npm|pypi):(@?[^@\s]+)@([^@\s]+)$/.exec(uri) ?? [];
  if (name === undefined || version === undefined || !/^\d/.test(version)) {
    throw new AppError("USAGE", { message: `"${uri}" names no package and its exact version`, fix: "Write for example: npm:@modelcontextprotocol/server-everything@2026.1.14" });
  }
  return entry(name, { kind, package: name, version });
}

/** As its label describes it. What the label asks for beyond that, hosts and secrets and directories, only a person gives. */
async function ofImage(uri: string, readImage: ReadImage, signal: AbortSignal): Promise<ResolvedServers> {
  const image = uri.slice("docker://".length);
  if (!/^[a-z0-9][\w.:/@-]*$/.test(image)) throw new AppError("USAGE", { message: `"${image}" is no image`, fix: "Write for example: docker://mcp/fetch" });
  const read = await readImage(image, signal);
  const fresh = read?.servers ?? [entry(image.split("@")[0]?.replace(/:[^/]*$/, "") ?? image, { kind: "image", image })];
  const told = read?.warnings ?? [`${image} does not describe itself: nothing is known of its server`];
  return { found: [], fresh, notes: [...told, ...fresh.map(({ name }) => `"${name}" reaches no host until you allow one: sbx policy allow HOST --server ${name}`)] };
}

/** Nothing is known of it but where it comes from: no secret, no host, no volume. */
function entry(named: string, source: unknown): ServerEntry {
  const name = (named.split("/").at(-1) ?? named).replaceAll(/[^A-Za-z0-9_.-]/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  const parsed = ServerEntry.safeParse({ name, source });
  if (!parsed.success) throw new AppError("USAGE", { message: `"${named}" gives no name for a server`, fix: "Put it into a catalog of your own under a name: sbx mcp catalog add CATALOG NAME FILE" });
  return parsed.data;
}
