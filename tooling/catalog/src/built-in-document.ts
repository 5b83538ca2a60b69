import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { readCatalog, tokensOf } from "@sbx/catalog";
import { AppError, type ServerEntry } from "@sbx/contracts";

const BEGIN = "<!-- built-in servers: written by npm run catalog:table -->";
const END = "<!-- end of built-in servers -->";

/** The servers that come with sbx. */
export async function builtInServers(): Promise<readonly ServerEntry[]> {
  const file = fileURLToPath(import.meta.resolve("@sbx/catalog/catalogs/builtin.yaml"));
  return readCatalog(await readFile(file, "utf8"), { file }).servers;
}

/** The document with its table of built-in servers made anew. */
export function withBuiltInTable(document: string, servers: readonly ServerEntry[]): string {
  const from = document.indexOf(BEGIN);
  const to = document.indexOf(END);
  if (from === -1 || to < from) throw new AppError("USAGE", { message: "docs/catalog.md has no place for the table", fix: `Put the lines "${BEGIN}" and "${END}" into it.` });
  return `${document.slice(0, from + BEGIN.length)}\n\n${table(servers)}\n\n${document.slice(to)}`;
}

function table(servers: readonly ServerEntry[]): string {
  const rows = servers.map((entry) => [
    `\`${entry.name}\``,
    cell(entry.description ?? ""),
    cell(sourceText(entry)),
    network(entry),
    secrets(entry),
    cost(entry),
    entry.metadata.license ?? "not stated",
  ]);
  return ["| name | what it does | from | may reach | secrets | tools · tokens | licence |", "|---|---|---|---|---|---|---|", ...rows.map((row) => `| ${row.join(" | ")} |`)].join("\n");
}

function sourceText({ source }: ServerEntry): string {
  switch (source.kind) {
    case "image":
      return `image \`${source.image}\``;
    case "npm":
    case "pypi":
      return `${source.kind} \`${source.package}\` ${source.version}`;
    case "bundle":
      return `bundle ${source.from}`;
    case "remote":
      return `remote ${source.url}`;
  }
}

function network({ allowHosts, source }: ServerEntry): string {
  if (source.kind === "remote") return "its own address";
  return allowHosts.length === 0 ? "nothing" : allowHosts.map((host) => `\`${cell(host)}\``).join(", ");
}

function secrets({ secrets: declared, oauth }: ServerEntry): string {
  const named = declared.map(({ name, required }) => `\`${name}\`${required ? "" : " (optional)"}`);
  return named.length === 0 ? (oauth === undefined ? "none" : "sign-in") : named.join(", ");
}

function cost(entry: ServerEntry): string {
  const tokens = tokensOf(entry);
  return entry.tools.length === 0 ? "not known" : `${entry.tools.length}${tokens === undefined ? "" : ` · ${tokens}`}`;
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
