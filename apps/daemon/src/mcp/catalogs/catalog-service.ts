import { isDeepStrictEqual } from "node:util";
import { AppError, type CatalogView, type ServerEntry } from "@sbx/contracts";
import { identifyServer, isSameServer } from "@sbx/secret-injector";
import { parseDocument } from "yaml";
import type { ServerSets } from "../store/server-sets.ts";
import { catalogDocument, catalogText } from "./catalog-text.ts";
import type { CatalogFiles, FoundEntry } from "./catalog-files.ts";
import { catalogOfText, dockerEntry, type ReadCatalog } from "./catalog-format.ts";
import type { FetchText } from "./fetch-text.ts";
import type { ReadImage } from "./image-servers.ts";
import { OWN_CATALOG, resolveServers, type ResolvedServers } from "./server-uri.ts";

export interface CatalogServiceParts {
  readonly files: CatalogFiles;
  readonly sets: ServerSets;
  readonly fetchText: FetchText;
  readonly readImage: ReadImage;
}

interface Create {
  readonly name: string;
  readonly title?: string | undefined;
  readonly servers: readonly string[];
  readonly profile?: string | undefined;
  readonly exclude: readonly string[];
}

/** What a person does with catalogs. */
export class CatalogService {
  readonly #parts: CatalogServiceParts;

  constructor(parts: CatalogServiceParts) {
    this.#parts = parts;
  }

  list(): CatalogView[] {
    const { files } = this.#parts;
    return files.names().map((name) => files.view(name));
  }

  show(name: string): { readonly catalog: CatalogView; readonly servers: ServerEntry[] } {
    const { files } = this.#parts;
    const servers = [...files.servers(name)];
    return { catalog: files.view(name), servers };
  }

  /** @throws AppError `NAME_TAKEN`, and what {@link resolveServers} throws */
  async create({ name, title, servers, profile, exclude }: Create, signal: AbortSignal): Promise<CatalogView> {
    const { files } = this.#parts;
    this.#refuseTaken(name);
    const named =
      profile === undefined
        ? []
        : this.#parts.sets
            .get(profile)
            .profile()
            .servers.map((server) => server.name);
    const resolved = await this.#resolve([...named, ...servers], signal);
    const entries = entriesOf(resolved).filter((entry) => !exclude.includes(entry.name));
    const text = catalogText({ title: title ?? name, servers: entries });
    return files.put(name, text, { displayName: title ?? name, url: profile === undefined ? "user" : `profile:${profile}` });
  }

  remove(name: string): void {
    this.#parts.files.remove(name);
  }

  /** Keep a catalog as it is written, comments and all; with `dryRun` only read it. */
  async import(
    { origin, text, name, dryRun }: { readonly origin: string; readonly text?: string | undefined; readonly name?: string | undefined; readonly dryRun: boolean },
    signal: AbortSignal,
  ): Promise<CatalogView> {
    const given = text ?? (await this.#parts.fetchText(origin, signal));
    const read = catalogOfText(given, origin);
    const chosen = name ?? nameFor(origin);
    this.#refuseOther(chosen, origin);
    if (dryRun) return { name: chosen, title: read.title ?? chosen, origin, servers: read.servers.length, problems: [...read.warnings] };
    return this.#parts.files.put(chosen, given, { displayName: read.title ?? chosen, url: origin });
  }

  export(name: string, form: "file" | "registry"): string {
    const { files } = this.#parts;
    const servers = files.servers(name);
    const { title } = files.view(name);
    if (form === "registry") return `${JSON.stringify(catalogDocument({ title, servers }), null, 2)}\n`;
    return files.isBuiltIn(name) ? catalogText({ title, servers }) : files.text(name);
  }

  copy(name: string, to: string): CatalogView {
    const { files } = this.#parts;
    const text = this.export(name, "file");
    this.#refuseTaken(to);
    return files.put(to, text, { displayName: files.view(name).title, url: `catalog:${name}` });
  }

  /** @throws AppError `NAME_TAKEN` for a server that is there, unless `force` */
  async add(
    name: string,
    { servers, text, names, force }: { readonly servers: readonly string[]; readonly text?: string | undefined; readonly names?: readonly string[] | undefined; readonly force: boolean },
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { files } = this.#parts;
    const before = new Set(files.servers(name).map((entry) => entry.name));
    const written = text === undefined ? [] : catalogOfText(text, "the file").servers.filter((entry) => names === undefined || names.includes(entry.name));
    const missing = names?.find((one) => text !== undefined && !written.some((entry) => entry.name === one));
    if (missing !== undefined) throw new AppError("SERVER_UNKNOWN", { message: `The file has no server "${missing}"`, fix: "See which it has, and name one of them." });
    const entries = [...written, ...entriesOf(await this.#resolve(servers, signal))];
    const taken = entries.find((entry) => before.has(entry.name));
    if (taken !== undefined && !force) throw new AppError("NAME_TAKEN", { message: `The catalog "${name}" has a server "${taken.name}" already`, fix: "Replace it with --force." });
    this.#write(name, entries);
    return entries.map((entry) => entry.name);
  }

  removeServers(name: string, names: readonly string[]): readonly string[] {
    const { files } = this.#parts;
    const there = new Set(files.servers(name).map((entry) => entry.name));
    const missing = names.find((one) => !there.has(one));
    if (missing !== undefined) throw new AppError("SERVER_UNKNOWN", { message: `The catalog "${name}" has no server "${missing}"`, fix: `See what it has with: sbx mcp catalog show ${name}` });
    this.#asDockerFile(name);
    files.edit(name, (document) => {
      for (const one of names) document.deleteIn(["registry", one]);
    });
    return names;
  }

  /** Find servers, and put those that no catalog has into the person's own. @returns their names, in order, and what to say about them */
  async adopt(uris: readonly string[], signal: AbortSignal): Promise<{ readonly names: readonly string[]; readonly notes: readonly string[] }> {
    const resolved = await this.#resolve(uris, signal);
    const fresh = resolved.flatMap((one) => one.fresh).filter((entry) => !this.#isKept(entry));
    if (fresh.length > 0) this.#keepOwn(fresh);
    const kept = fresh.map(({ name }) => `"${name}" was put into your own catalog "${OWN_CATALOG}"`);
    return { names: entriesOf(resolved).map(({ name }) => name), notes: [...kept, ...resolved.flatMap((one) => (one.fresh.some((entry) => fresh.includes(entry)) ? one.notes : []))] };
  }

  /** The same image or package again: what the person has written about it since stays. */
  #isKept({ name, source }: ServerEntry): boolean {
    const found = this.#parts.files.find(name);
    return found?.catalog === OWN_CATALOG && isDeepStrictEqual(found.entry.source, source);
  }

  #keepOwn(fresh: readonly ServerEntry[]): void {
    const { files } = this.#parts;
    for (const [index, entry] of fresh.entries()) {
      const found = files.find(entry.name);
      const other = fresh.slice(0, index).find(({ name }) => name === entry.name);
      // Another version of the same may follow; anything else would get what its person gave to the one that has the name.
      const isSame = ({ entry: one, catalog }: FoundEntry): boolean => isSameServer(identifyServer(one, catalog), identifyServer(entry, OWN_CATALOG));
      if ((found === undefined || isSame(found)) && (other === undefined || isSame({ entry: other, catalog: OWN_CATALOG }))) continue;
      throw new AppError("NAME_TAKEN", {
        message: `The catalog "${found?.catalog ?? OWN_CATALOG}" has a server "${entry.name}" already, and yours would stand in its place`,
        fix: `Enable that one, or say that you mean it: sbx mcp catalog add ${OWN_CATALOG} --server URI --force`,
      });
    }
    if (!files.has(OWN_CATALOG)) files.put(OWN_CATALOG, catalogText({ title: "My servers", servers: [] }), { displayName: "My servers", url: "user" });
    this.#write(OWN_CATALOG, fresh);
  }

  #write(name: string, entries: readonly ServerEntry[]): void {
    const { files } = this.#parts;
    if (entries.length === 0) return;
    this.#asDockerFile(name);
    files.edit(name, (document) => {
      for (const entry of entries) document.setIn(["registry", entry.name], document.createNode(dockerEntry(entry)));
    });
  }

  /** A catalog in another form is written anew in Docker's, before an edit of its servers. */
  #asDockerFile(name: string): void {
    const { files } = this.#parts;
    if (parseDocument(files.text(name)).has("registry")) return;
    const { title, origin, digest } = files.view(name);
    files.put(name, catalogText({ title, servers: files.servers(name) }), { displayName: title, url: origin, ...(digest === undefined ? {} : { digest }) });
  }

  async #resolve(uris: readonly string[], signal: AbortSignal): Promise<readonly ResolvedServers[]> {
    const { files, fetchText, readImage } = this.#parts;
    const fetchCatalog = async (url: string): Promise<ReadCatalog> => catalogOfText(await fetchText(url, signal), url);
    return await Promise.all(uris.map(async (uri) => await resolveServers(uri, { catalogs: files, fetchCatalog, readImage, signal })));
  }

  /** The same origin again is an update; anything else would take a catalog's place unasked. */
  #refuseOther(name: string, origin: string): void {
    const { files } = this.#parts;
    if (!files.has(name) || files.view(name).origin === origin) return;
    throw new AppError("NAME_TAKEN", {
      message: `There is a catalog "${name}" already, from ${files.view(name).origin}`,
      fix: `Give this one another name with --name, or remove that one: sbx mcp catalog rm ${name}`,
    });
  }

  #refuseTaken(name: string): void {
    if (this.#parts.files.has(name)) throw new AppError("NAME_TAKEN", { message: `There is a catalog "${name}" already`, fix: `Remove it first: sbx mcp catalog rm ${name}` });
  }
}

function entriesOf(resolved: readonly ResolvedServers[]): readonly ServerEntry[] {
  const all = resolved.flatMap(({ found, fresh }) => [...found.map(({ entry }) => entry), ...fresh]);
  return [...new Map(all.map((entry) => [entry.name, entry])).values()];
}

/** Of the file or of the last part of the address; what a catalog calls itself is only its title. */
function nameFor(origin: string): string {
  const base =
    (origin.split(/[?#]/)[0] ?? origin)
      .split("/")
      .at(-1)
      ?.replace(/\.(?:ya?ml|json)$/, "") ?? "";
  const chosen = base
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 100);
  return chosen === "" ? "imported" : chosen;
}
