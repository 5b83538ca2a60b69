import { writeFile } from "node:fs/promises";
import type { CatalogView, Client, ServerEntry } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { cleanLines, cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { parseDuration } from "../option-values.ts";
import { table } from "../show.ts";
import { linesOf, present, type FormatOptions } from "./present.ts";
import { filePath, readInput } from "./read-input.ts";

/** List the catalogs. */
export async function listCatalogs({ daemon, io }: Context, options: FormatOptions): Promise<void> {
  const { client } = await daemon.connect();
  const result = await client.listCatalogs({});
  await present(io, options, {
    result,
    lines: (all) =>
      table(
        ["CATALOG", "SERVERS", "TITLE", "ORIGIN", "UPDATED", "DIGEST"],
        all.map(({ name, servers, title, origin, updatedAt, digest }) => [name, String(servers), title, origin, updatedAt ?? "-", digest ?? "-"]),
      ),
  });
  for (const { name, problems } of result) for (const problem of problems) io.err(`sbx: catalog ${name}: ${cleanText(problem)}\n`);
}

/** Show a catalog: a table for people, the document that registries keep for programs. */
export async function showCatalog({ daemon, io }: Context, name: string | undefined, { pull, ...options }: FormatOptions & { readonly pull: string }): Promise<void> {
  const { client } = await daemon.connect();
  const catalog = name ?? builtInOf(await client.listCatalogs({}));
  await pullIfWanted({ client, io }, catalog, pull);
  if (options.json === true || options.format === "json" || options.format === "yaml") {
    const { text } = await client.exportCatalog({ catalog, form: "registry" });
    await present(io, options, { result: { ref: catalog, ...documentOf(text) }, lines: () => [] });
    return;
  }
  const result = await client.showCatalog({ catalog });
  await present(io, options, { result: result.servers, lines: serverLines });
}

/** A table of servers. */
export function serverLines(servers: readonly ServerEntry[]): readonly string[] {
  return table(
    ["NAME", "KIND", "TITLE", "DESCRIPTION"],
    servers.map(({ name, source, title, description }) => [name, source.kind, title ?? "", shortened(description ?? "")]),
  );
}

/** The first sentence, at most 100 characters of it. */
export function shortened(text: string): string {
  const line = cleanText(text).trim();
  const sentence = line.split(/(?<=\.)\s/, 1)[0] ?? line;
  return sentence.length > 100 ? `${sentence.slice(0, 99)}…` : sentence;
}

/** Make a catalog from servers, a profile, or another catalog. */
export async function createCatalog(
  context: Context,
  name: string,
  {
    server,
    fromProfile,
    fromLegacyCatalog,
    title,
    exclude,
    json,
  }: { readonly server: readonly string[]; readonly fromProfile?: string; readonly fromLegacyCatalog?: string; readonly title?: string; readonly exclude: readonly string[]; readonly json?: true },
): Promise<void> {
  if (fromProfile !== undefined && fromLegacyCatalog !== undefined)
    throw new AppError("USAGE", { message: "A catalog is made from a profile or from another catalog, not from both", fix: "Leave one of --from-profile and --from-legacy-catalog out." });
  const { client } = await context.daemon.connect();
  const result =
    fromLegacyCatalog === undefined
      ? await client.createCatalog({ name, title, servers: [...server], profile: fromProfile, exclude: [...exclude] })
      : await client.importCatalog({ ...(await sourceOf(context, fromLegacyCatalog)), name });
  await present(context.io, { json }, { result, lines: () => [`Catalog ${name} created`] });
}

/** Keep a catalog from a file or an address. */
export async function importCatalog(context: Context, source: string, { name, dryRun, json }: { readonly name?: string; readonly dryRun?: true; readonly json?: true }): Promise<void> {
  const { client } = await context.daemon.connect();
  const result = await client.importCatalog({ ...(await sourceOf(context, source)), name, dryRun: dryRun === true });
  await present(
    context.io,
    { json },
    { result, lines: ({ servers, name: kept }) => [dryRun === true ? `It has ${servers} servers and would be kept as ${kept}; nothing was kept` : `Imported catalog ${kept} with ${servers} servers`] },
  );
  for (const problem of result.problems) context.io.err(`sbx: ${cleanText(problem)}\n`);
}

async function sourceOf(context: Context, source: string): Promise<{ readonly origin: string; readonly text?: string }> {
  if (/^https?:\/\//.test(source)) return { origin: source };
  return { origin: `file:${filePath(context, source)}`, text: await readInput(context, source) };
}

/** Write a catalog to a file, or print it; on a terminal without what could drive it. */
export async function exportCatalog(context: Context, catalog: string, { file, force }: { readonly file: string | undefined; readonly force: boolean }): Promise<void> {
  const { client } = await context.daemon.connect();
  const { text } = await client.exportCatalog({ catalog, form: "file" });
  if (file === undefined) {
    context.io.out(context.io.isTerminal.stdout ? cleanLines(text) : text);
    return;
  }
  await writeNew(filePath(context, file), text, force);
  context.io.out(`Exported catalog ${catalog} to ${file}\n`);
}

/** Write a file that is not there yet, or replace one that its person gave up. */
export async function writeNew(file: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? "w" : "wx", mode: 0o600 });
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause && cause.code === "EEXIST" ? "is there already" : "cannot be written";
    throw new AppError("USAGE", { message: `${file} ${why}`, fix: "Choose another file, or replace it with --force.", cause });
  }
}

/** Read catalogs again from where they came. One that fails keeps nobody from the others. */
export async function updateCatalogs({ daemon, io }: Context, names: readonly string[]): Promise<void> {
  const { client } = await daemon.connect();
  const all = await client.listCatalogs({});
  const wanted = names.length === 0 ? all.filter(isRemote) : names.map((name) => known(all, name));
  if (wanted.length === 0) io.out("No catalog came by address; the one that comes with sbx is updated with it\n");
  const failures: unknown[] = [];
  for (const catalog of wanted) {
    try {
      await updateOne(client, catalog);
      io.out(`Updated catalog ${catalog.name}\n`);
    } catch (error) {
      if (!AppError.is(error)) throw error;
      io.err(`sbx: ${catalog.name}: ${cleanText(error.message)}\n`);
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function updateOne(client: Client, { name, origin }: CatalogView): Promise<void> {
  if (origin.startsWith("oci:")) await client.pullCatalog({ reference: origin.slice("oci:".length) });
  else if (/^https?:/.test(origin)) await client.importCatalog({ origin, name });
  else throw new AppError("USAGE", { message: `"${name}" did not come by address but from ${origin}`, fix: `Import it again: sbx mcp catalog import FILE --name ${name}` });
}

function isRemote({ origin }: CatalogView): boolean {
  return origin.startsWith("oci:") || /^https?:/.test(origin);
}

function known(all: readonly CatalogView[], name: string): CatalogView {
  const found = all.find((one) => one.name === name);
  if (found === undefined) throw new AppError("CATALOG_UNKNOWN", { message: `There is no catalog "${name}"`, fix: "List the catalogs with: sbx mcp catalog ls" });
  return found;
}

/** Remove all but the built-in one. */
export async function resetCatalogs({ daemon, io }: Context, force: boolean): Promise<void> {
  const { client } = await daemon.connect();
  const own = (await client.listCatalogs({})).filter(({ origin }) => origin !== "built-in");
  if (!force && own.length > 0)
    throw new AppError("USAGE", { message: `This would remove: ${own.map(({ name }) => name).join(", ")}`, fix: "Say that you mean it with: sbx mcp catalog reset --force" });
  for (const { name } of own) {
    await client.removeCatalog({ catalog: name });
    io.out(`Removed catalog ${name}\n`);
  }
}

const PULL = new Set(["missing", "never", "always", "initial", "exists"]);

async function pullIfWanted({ client, io }: { readonly client: Client; readonly io: Context["io"] }, catalog: string, when: string): Promise<void> {
  const maxAgeMs = PULL.has(when) ? undefined : parseDuration(when);
  if (when === "never") return;
  const there = (await client.listCatalogs({})).find(({ name }) => name === catalog);
  const age = there?.updatedAt === undefined ? Number.POSITIVE_INFINITY : Date.now() - Date.parse(there.updatedAt);
  const wanted = when === "always" || (there === undefined ? when !== "exists" : when === "exists" || (maxAgeMs !== undefined && age > maxAgeMs));
  if (!wanted) return;
  io.err(`Pulling catalog ${catalog}...\n`);
  await client.pullCatalog({ reference: catalog });
}

function builtInOf(all: readonly CatalogView[]): string {
  const found = all.find(({ origin }) => origin === "built-in");
  if (found === undefined) throw new AppError("CATALOG_UNKNOWN", { message: "This daemon has no built-in catalog", fix: "Name a catalog: sbx mcp catalog ls" });
  return found.name;
}

function documentOf(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? { ...value } : { document: linesOf(text) };
}
