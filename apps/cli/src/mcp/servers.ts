import type { ServerDetail, ServerView } from "@sbx/contracts";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { table } from "../show.ts";
import { serverLines, shortened } from "./catalogs.ts";
import { prepareServers } from "./prepare-servers.ts";
import { present, type FormatOptions } from "./present.ts";

/** List what is enabled. */
export async function listServers({ daemon, io }: Context, options: FormatOptions): Promise<void> {
  const { client } = await daemon.connect();
  const result = await client.listServers({});
  await present(io, options, { result, lines: enabledLines });
}

const MARK = { none: "-", required: "▲ required", partial: "◐ partial", done: "✓ done" } as const;

function enabledLines(servers: readonly ServerView[]): readonly string[] {
  if (servers.length === 0) return ["No server is enabled"];
  const governed = servers.some(({ denied }) => denied !== undefined);
  return [
    "",
    `MCP Servers (${servers.length} enabled)`,
    "",
    ...table(
      ["NAME", "OAUTH", "SECRETS", "CONFIG", ...(governed ? ["POLICY"] : []), "DESCRIPTION"],
      servers.map(({ name, oauth, secrets, config, denied, description }) => [
        name,
        MARK[oauth],
        MARK[secrets],
        MARK[config],
        ...(governed ? [denied === undefined ? "-" : "denied"] : []),
        shortened(description),
      ]),
    ),
    "",
  ];
}

/** Enable servers by name or address, and say what they still need. */
export async function enableServers(context: Context, servers: readonly string[], { prepare = true }: { readonly prepare?: boolean } = {}): Promise<void> {
  const { io } = context;
  const connection = await context.daemon.connect();
  const { enabled, notes } = await connection.client.enableServers({ profile: "default", servers: [...servers] });
  io.out(`Enabled: ${enabled.join(", ")}\n`);
  for (const note of notes) io.err(`sbx: ${cleanText(note)}\n`);
  if (prepare) await prepareServers(context, connection, { profile: "default", servers: enabled });
}

/** Disable servers, or all of them. */
export async function disableServers({ daemon, io }: Context, names: readonly string[] | "all"): Promise<void> {
  const { client } = await daemon.connect();
  const { disabled } = await client.disableServers({ profile: "default", names: names === "all" ? "all" : [...names] });
  io.out(disabled.length === 0 ? "No server was enabled\n" : `Disabled: ${disabled.join(", ")}\n`);
}

/** Show one server. */
export async function inspectServer({ daemon, io }: Context, server: string, options: FormatOptions): Promise<void> {
  const { client } = await daemon.connect();
  const result = await client.inspectServer({ server });
  await present(io, options, { result, lines: detailLines });
}

function detailLines({ entry, catalog, enabled, missingSecrets }: ServerDetail): readonly string[] {
  const line = (name: string, text: string): readonly string[] => (text === "" ? [] : [`${name.padEnd(13)}${cleanText(text)}`]);
  return [
    ...line("Name", entry.name),
    ...line("Title", entry.title ?? ""),
    ...line("Catalog", catalog),
    ...line("Enabled", enabled === undefined ? `no (enable it with: sbx mcp server enable ${entry.name})` : "yes"),
    ...line("Comes from", sourceText({ entry })),
    ...line("Reaches", entry.source.kind === "remote" ? "" : entry.disableNetwork || entry.allowHosts.length === 0 ? "nothing" : entry.allowHosts.join(", ")),
    ...line("Secrets", entry.secrets.map(({ name, required }) => (required ? name : `${name} (optional)`)).join(", ")),
    ...missingSecrets.flatMap(({ name, fix }) => line("  missing", `${name}: ${fix}`)),
    ...line("Settings", entry.config.flatMap((schema) => Object.keys(propertiesOf(schema))).join(", ")),
    ...line("Tools", (enabled?.tools ?? entry.tools.map(({ name }) => name)).join(", ")),
    ...line("Read more", entry.readme ?? entry.metadata.homepage ?? ""),
    ...(entry.description === undefined ? [] : ["", cleanText(entry.description)]),
  ];
}

/** What a server is made of, for people. */
export function sourceText({ entry: { source } }: Pick<ServerDetail, "entry">): string {
  switch (source.kind) {
    case "image":
      return `image ${source.image}`;
    case "npm":
    case "pypi":
      return `${source.kind} package ${source.package}@${source.version}`;
    case "bundle":
      return `bundle ${source.from}`;
    case "remote":
      return `${source.url} (${source.transport}), run by somebody else`;
  }
}

function propertiesOf(schema: Readonly<Record<string, unknown>>): object {
  const properties = schema["properties"];
  return typeof properties === "object" && properties !== null ? properties : {};
}

/** Find servers by words. */
export async function searchServers({ daemon, io }: Context, query: string, options: FormatOptions): Promise<void> {
  const { client } = await daemon.connect();
  const result = await client.searchServers({ query });
  await present(io, options, { result, lines: (all) => (all.length === 0 ? ["No catalog has a server like that. List the catalogs with: sbx mcp catalog ls"] : serverLines(all)) });
}
