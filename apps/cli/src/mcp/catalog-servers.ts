import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "../context.ts";
import { serverLines } from "./catalogs.ts";
import { linesOf, present, yamlOf, type FormatOptions } from "./present.ts";
import { readInput } from "./read-input.ts";

interface Add {
  /** Name of a server in `file`. */
  readonly server?: string | undefined;
  readonly file?: string | undefined;
  readonly uris: readonly string[];
  readonly force?: true | undefined;
  readonly json?: true | undefined;
}

/** Put servers into a catalog: one of a file by its name, or any by address. */
export async function addToCatalog(context: Context, catalog: string, { server, file, uris, force, json }: Add): Promise<void> {
  if ((server === undefined) !== (file === undefined))
    throw new AppError("USAGE", {
      message: "A server's name needs the file that has it",
      fix: server?.includes(":") === true ? `Write: sbx mcp catalog add ${catalog} --server ${server}` : "Write: sbx mcp catalog add CATALOG SERVER FILE, or use --server URI",
    });
  if (file === undefined && uris.length === 0) throw new AppError("USAGE", { message: "There is no server to add", fix: "Write: sbx mcp catalog add CATALOG SERVER FILE, or use --server URI" });
  const text = file === undefined ? undefined : await readInput(context, file);
  const { client } = await context.daemon.connect();
  const result = await client.addToCatalog({ catalog, servers: [...uris], text, names: server === undefined ? undefined : [server], force: force === true });
  await present(context.io, { json }, { result, lines: ({ added }) => [`Added ${added.length} server(s) to catalog '${catalog}'`] });
}

/** List the servers of a catalog. */
export async function listCatalogServers({ daemon, io }: Context, catalog: string, { filter, ...options }: FormatOptions & { readonly filter?: string | undefined }): Promise<void> {
  const text = filterOf(filter, ["name"])["name"];
  const { client } = await daemon.connect();
  const { servers } = await client.showCatalog({ catalog });
  await present(io, options, { result: servers.filter(({ name }) => text === undefined || name.includes(text)), lines: serverLines });
}

/** Show one server of a catalog, as it stands there. */
export async function inspectCatalogServer({ daemon, io }: Context, { catalog, server, ...options }: FormatOptions & { readonly catalog: string; readonly server: string }): Promise<void> {
  const { client } = await daemon.connect();
  const { servers } = await client.showCatalog({ catalog });
  const result = servers.find(({ name }) => name === server);
  if (result === undefined) throw new AppError("SERVER_UNKNOWN", { message: `The catalog "${catalog}" has no server "${server}"`, fix: `See what it has with: sbx mcp catalog server ls ${catalog}` });
  await present(io, options, { result, lines: async (entry) => linesOf(await yamlOf(entry)) });
}

/** `name=TEXT,profile=TEXT` as Docker's filters are written. */
export function filterOf(text: string | undefined, keys: readonly string[]): Readonly<Partial<Record<string, string>>> {
  if (text === undefined) return {};
  return Object.fromEntries(
    text.split(",").map((part) => {
      const [key = "", ...value] = part.split("=");
      if (!keys.includes(key) || value.length === 0) throw new AppError("USAGE", { message: `"${part}" is no filter`, fix: `Write ${keys.map((one) => `${one}=TEXT`).join(" or ")}.` });
      return [key, value.join("=")];
    }),
  );
}
