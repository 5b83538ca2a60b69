import type { Client, ProjectOffer } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { workspacePath } from "../run/workspace-path.ts";
import { readConfig } from "./clients/config-place.ts";
import { OFFER_FILES } from "./offer-files.ts";
import { present, type FormatOptions } from "./present.ts";
import { sourceText } from "./servers.ts";

/** So much of a hash tells one content from another. */
const SHORT = 12;

interface ProjectFile {
  readonly workspace: string;
  readonly file: (typeof OFFER_FILES)[number];
  readonly text: string;
}

/** @throws AppError `CONFIG_INVALID` for a file that is reached through a link, or is none */
function findFile(workspace: string): ProjectFile | undefined {
  for (const file of OFFER_FILES) {
    const text = readConfig({ kind: "project", top: workspace, file });
    if (text !== undefined) return { workspace, file, text };
  }
  return undefined;
}

/** One line about servers that a project offers and nobody decided about; none for a project that offers nothing. Never fails: a project's file keeps nobody from a run. */
export async function offerLines({ cwd }: Pick<Context, "cwd">, client: Pick<Client, "offerProject">, workspace: string): Promise<readonly string[]> {
  try {
    const found = findFile(workspace);
    if (found === undefined) return [];
    const { state, servers, sha256 } = await client.offerProject({ workspace, text: found.text });
    if (servers.length === 0 || state === "active" || state === "declined") return [];
    const names = servers.map(({ name }) => name);
    const some = `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
    const place = workspace === cwd ? "" : ` ${quote(cleanText(workspace))}`;
    const what = state === "changed" ? "has changed the MCP servers that it offers" : "offers MCP servers";
    return [`sbx: this project ${what} (${some}): look at them with sbx mcp profile offered${place}; use them with sbx mcp profile activate ${sha256.slice(0, SHORT)}${place}`];
  } catch (error) {
    if (AppError.is(error)) return [];
    throw error;
  }
}

/** Show what a project offers, whole: what is run, what it reaches, with which settings. */
export async function showOffer(context: Context, place: string, options: FormatOptions): Promise<void> {
  const file = await fileOf(context, place);
  const { client } = await context.daemon.connect();
  const offer = await client.offerProject({ workspace: file.workspace, text: file.text });
  await present(context.io, options, { result: { file: file.file, ...offer }, lines: () => offerText(file, offer) });
}

/** Take over what a project offers, or say that it shall not be offered again. */
export async function decideOffer(
  context: Context,
  { place, sha256, decision }: { readonly place: string; readonly sha256: string | undefined; readonly decision: "activate" | "decline" },
): Promise<void> {
  const file = await fileOf(context, place);
  const { client } = await context.daemon.connect();
  const seen = sha256 ?? (await client.offerProject({ workspace: file.workspace, text: file.text })).sha256;
  const { servers, notes } = await client.decideProject({ workspace: file.workspace, text: file.text, sha256: seen, decision });
  for (const note of notes) context.io.err(`sbx: ${cleanText(note)}\n`);
  const usable = servers.filter(({ entry }) => entry !== undefined).map(({ name }) => name);
  context.io.out(
    decision === "decline" ? `Not offered again until ${file.file} changes\n` : `Sandboxes of ${cleanText(file.workspace)} have: ${usable.length === 0 ? "nothing" : usable.join(", ")}\n`,
  );
}

/** Take back what was taken over for a project. */
export async function leaveProject(context: Context, place: string): Promise<void> {
  const workspace = await workspacePath(place, context);
  const { client } = await context.daemon.connect();
  const { left } = await client.leaveProject({ workspace });
  context.io.out(left ? `Sandboxes of ${cleanText(workspace)} have only what is enabled\n` : "Nothing was taken over for this project\n");
}

async function fileOf(context: Context, place: string): Promise<ProjectFile> {
  const workspace = await workspacePath(place, context);
  const found = findFile(workspace);
  if (found === undefined) throw new AppError("USAGE", { message: `${workspace} has no ${OFFER_FILES.join(" and no ")}`, fix: "Name the directory of a project that offers MCP servers." });
  return found;
}

const STATES: Readonly<Record<ProjectOffer["state"], string>> = {
  new: "not used",
  active: "used by sandboxes of this project",
  declined: "not used, and not offered again",
  changed: "not used; sandboxes of this project have what the file said before",
};

function offerText({ file, workspace }: ProjectFile, { servers, state, sha256, notes }: ProjectOffer): readonly string[] {
  return [
    `${file} of ${cleanText(workspace)}: ${STATES[state]}`,
    ...servers.flatMap((server) => ["", ...serverText(server)]),
    ...(notes.length === 0 ? [] : ["", ...notes.map((note) => `left out: ${cleanText(note)}`)]),
    "",
    ...(state === "active" ? [] : [`Use them: sbx mcp profile activate ${sha256.slice(0, SHORT)}`, "Never offer this again: sbx mcp profile decline"]),
  ];
}

function serverText({ name, catalog, entry, config }: ProjectOffer["servers"][number]): readonly string[] {
  const line = (label: string, text: string): readonly string[] => (text === "" ? [] : [`  ${label.padEnd(11)}${cleanText(text)}`]);
  if (entry === undefined) return [name, ...line("unknown", "no catalog has it, and the project does not say what it is")];
  return [
    name,
    ...line("comes from", `${sourceText({ entry })}${catalog === undefined ? ", as the project says" : `, as your catalog ${catalog} says`}`),
    ...line("runs with", entry.command.join(" ")),
    ...line("reaches", entry.source.kind === "remote" ? "" : entry.disableNetwork || entry.allowHosts.length === 0 ? "nothing" : entry.allowHosts.join(", ")),
    ...line("sees", entry.volumes.join(", ")),
    ...line("wants", entry.secrets.map((secret) => secret.name).join(", ")),
    ...line("settings", Object.keys(config).length === 0 ? "" : JSON.stringify(config)),
  ];
}

/** One word of a POSIX shell. */
function quote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
