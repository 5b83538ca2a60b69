import { existsSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { AppError, CatalogName, type CatalogView, type ServerEntry } from "@sbx/contracts";
import type { Document } from "yaml";
import { bySchema } from "../store/parse-yaml.ts";
import { YamlFile } from "../store/yaml-file.ts";
import { catalogOfText, type ReadCatalog } from "./catalog-format.ts";
import { CatalogIndex, type CatalogIndexEntry } from "./catalog-index.ts";

export interface BuiltInCatalog {
  readonly title: string;
  readonly servers: readonly ServerEntry[];
}

export interface CatalogFilesParts {
  /** Directory with `catalog.json` and `catalogs/`. */
  readonly directory: string;
  /** The catalog that this version brings along. */
  readonly builtIn: { readonly name: string; readonly read: () => BuiltInCatalog };
  readonly onBroken: (problem: AppError) => void;
  readonly now: () => Date;
}

/** An entry, and the catalog that it stands in. */
export interface FoundEntry {
  readonly entry: ServerEntry;
  readonly catalog: string;
}

/**
 * The catalogs of a person: files in a directory, over the one that comes with the program. Of servers with one name
 * that of the later catalog counts; the order is that of the index, then of names. Files are looked at each time.
 */
export class CatalogFiles {
  readonly #parts: CatalogFilesParts;
  readonly #index: YamlFile<CatalogIndex>;
  readonly #files = new Map<string, YamlFile<ReadCatalog>>();

  constructor(parts: CatalogFilesParts) {
    this.#parts = parts;
    const file = path.join(parts.directory, "catalog.json");
    this.#index = new YamlFile({ file, parse: bySchema(CatalogIndex, file), onBroken: parts.onBroken });
  }

  /** Names in order of precedence, the weakest first. */
  names(): readonly string[] {
    const folder = path.join(this.#parts.directory, "catalogs");
    const there = (existsSync(folder) ? readdirSync(folder) : []).flatMap(nameOfFile).toSorted();
    const ordered = Object.keys(this.#indexed()).filter((name) => there.includes(name));
    return [this.#parts.builtIn.name, ...ordered, ...there.filter((name) => !ordered.includes(name) && name !== this.#parts.builtIn.name)];
  }

  has(name: string): boolean {
    return this.names().includes(name);
  }

  isBuiltIn(name: string): boolean {
    return name === this.#parts.builtIn.name;
  }

  view(name: string): CatalogView {
    const about = this.#indexed()[name];
    const read = this.#read(name);
    return {
      name,
      title: about?.displayName ?? read.title ?? name,
      origin: this.#origin(name, about),
      ...(about?.lastUpdate ? { updatedAt: about.lastUpdate } : {}),
      servers: read.servers.length,
      ...(about?.digest ? { digest: about.digest } : {}),
      problems: [...this.#problems(name), ...read.warnings],
    };
  }

  #origin(name: string, about: CatalogIndexEntry | undefined): string {
    return this.isBuiltIn(name) ? "built-in" : (about?.url ?? `file:${this.#path(name)}`);
  }

  #problems(name: string): readonly string[] {
    const problem = this.isBuiltIn(name) ? undefined : this.#file(name).problem();
    return problem === undefined ? [] : [problem.message];
  }

  /** @throws AppError `CATALOG_UNKNOWN` */
  servers(name: string): readonly ServerEntry[] {
    this.#require(name);
    return this.#read(name).servers;
  }

  /** Every server by name, of the strongest catalog that has it. */
  all(): ReadonlyMap<string, FoundEntry> {
    return new Map(this.names().flatMap((catalog) => this.#read(catalog).servers.map((entry) => [entry.name, { entry, catalog }] as const)));
  }

  find(server: string): FoundEntry | undefined {
    for (const catalog of this.names().toReversed()) {
      const entry = this.#read(catalog).servers.find(({ name }) => name === server);
      if (entry !== undefined) return { entry, catalog };
    }
    return undefined;
  }

  /** Changes whenever a server may have changed. */
  stamp(): string {
    return this.names()
      .map((name) => (this.isBuiltIn(name) ? name : `${name} ${this.#file(name).stamp()}`))
      .join("\n");
  }

  text(name: string): string {
    this.#require(name);
    return this.#file(name).text();
  }

  /** Keep a text as a catalog, in place of one that is there. @throws AppError `CATALOG_INVALID` */
  put(name: string, text: string, about: Pick<CatalogIndexEntry, "displayName" | "url" | "digest">): CatalogView {
    this.#refuseBuiltIn(name);
    this.#file(name).replace(text);
    this.#remember(name, about);
    return this.view(name);
  }

  /** Say where a catalog came from or went to. */
  describe(name: string, about: Pick<CatalogIndexEntry, "digest">): void {
    this.#remember(name, { ...this.#indexed()[name], ...about });
  }

  edit(name: string, change: (document: Document) => void): void {
    this.#refuseBuiltIn(name);
    this.#require(name);
    this.#file(name).edit(change);
  }

  remove(name: string): void {
    this.#refuseBuiltIn(name);
    this.#require(name);
    rmSync(this.#path(name));
    this.#files.delete(name);
    const { [name]: _gone, ...rest } = this.#indexed();
    this.#writeIndex(rest);
  }

  #remember(name: string, about: CatalogIndexEntry): void {
    this.#writeIndex({ ...this.#indexed(), [name]: { ...about, lastUpdate: this.#parts.now().toISOString() } });
  }

  #writeIndex(catalogs: CatalogIndex["catalogs"]): void {
    const rest = this.#index.problem() === undefined ? this.#index.read() : {};
    this.#index.replace(`${JSON.stringify({ ...rest, catalogs }, null, 2)}\n`);
  }

  /** Nothing hangs on the index but titles and order: a broken one hides no catalog. */
  #indexed(): CatalogIndex["catalogs"] {
    try {
      return this.#index.read().catalogs;
    } catch {
      return {};
    }
  }

  #read(name: string): ReadCatalog {
    if (this.isBuiltIn(name)) return { ...this.#parts.builtIn.read(), warnings: [] };
    try {
      return this.#file(name).read();
    } catch {
      return { servers: [], warnings: [] };
    }
  }

  #file(name: string): YamlFile<ReadCatalog> {
    const file = this.#path(name);
    const known = this.#files.get(name) ?? new YamlFile<ReadCatalog>({ file, parse: (text) => catalogOfText(text, file), onBroken: this.#parts.onBroken });
    this.#files.set(name, known);
    return known;
  }

  #require(name: string): void {
    if (!this.has(name)) throw new AppError("CATALOG_UNKNOWN", { message: `There is no catalog "${name}"`, fix: "List the catalogs with: sbx mcp catalog ls" });
  }

  #refuseBuiltIn(name: string): void {
    if (!this.isBuiltIn(name)) return;
    throw new AppError("CONFIG_INVALID", { message: `The catalog "${name}" comes with sbx and cannot be changed`, fix: `Make one of your own from it: sbx mcp catalog fork ${name} NAME` });
  }

  #path(name: string): string {
    const file = `${encodeURIComponent(name)}.yaml`;
    if (!CatalogName.safeParse(name).success || file.length > 250)
      throw new AppError("CONFIG_INVALID", { message: `"${name}" cannot be a catalog's name`, fix: "Use letters, digits, dots and dashes." });
    return path.join(this.#parts.directory, "catalogs", file);
  }
}

function nameOfFile(file: string): readonly string[] {
  if (!file.endsWith(".yaml")) return [];
  try {
    const name = decodeURIComponent(file.slice(0, -".yaml".length));
    return CatalogName.safeParse(name).success && `${encodeURIComponent(name)}.yaml` === file ? [name] : [];
  } catch {
    return [];
  }
}
