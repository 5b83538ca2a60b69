import type { ProfileView } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { table } from "../show.ts";
import { clientOf } from "./clients/client-states.ts";
import { connectClient } from "./clients/clients.ts";
import { filterOf } from "./catalog-servers.ts";
import { writeNew } from "./catalogs.ts";
import { linesOf, present, yamlOf, type FormatOptions } from "./present.ts";
import { filePath, readInput } from "./read-input.ts";
import { templateOf } from "./templates.ts";

interface Create {
  readonly name?: string | undefined;
  readonly id?: string | undefined;
  readonly server: readonly string[];
  readonly fromTemplate?: string | undefined;
  /** Clients on this machine that shall use it. */
  readonly connect: readonly string[];
  readonly json?: true | undefined;
}

/** Make a profile of servers, or from a template. */
export async function createProfile(context: Context, { name, id, server, fromTemplate, connect, json }: Create): Promise<void> {
  const { daemon, io } = context;
  connect.forEach(clientOf);
  const template = fromTemplate === undefined ? undefined : templateOf(fromTemplate);
  const named = name ?? template?.title;
  if (named === undefined) throw new AppError("USAGE", { message: "A profile needs a name", fix: "Write: sbx mcp profile create --name NAME" });
  const { client } = await daemon.connect();
  const result = await client.createProfile({ name: named, id: id ?? (name === undefined ? template?.id : undefined), servers: [...(template?.servers ?? []), ...server] });
  await present(io, { json }, { result: result.document, lines: () => [`Created profile ${result.profile.id} with ${result.profile.servers.length} servers`] });
  await connectAll(context, connect, result.profile.id);
  if (connect.length > 0 && json !== true) io.out(`Connected to clients: ${connect.join(", ")}\n`);
}

async function connectAll(context: Context, clients: readonly string[], profile: string): Promise<void> {
  for (const client of clients) await connectClient(context, client, { global: true, quiet: true, profile });
}

/** List the profiles. */
export async function listProfiles({ daemon, io }: Context, options: FormatOptions): Promise<void> {
  const { client } = await daemon.connect();
  const all = await client.listProfiles({});
  await present(io, options, {
    result: all.map(({ document }) => document),
    lines: () =>
      table(
        ["ID", "NAME", "SERVERS"],
        all.map(({ profile }) => [profile.id, profile.name, String(profile.servers.length)]),
      ),
  });
}

/** Show one profile in Docker's form. */
export async function showProfile({ daemon, io }: Context, profile: string, options: FormatOptions): Promise<void> {
  const { client } = await daemon.connect();
  const { document } = await client.showProfile({ profile });
  await present(io, options, { result: document, lines: async (value) => linesOf(await yamlOf(value)) });
}

/** Write a profile to a file in Docker's form. */
export async function exportProfile(context: Context, profile: string, { file, force }: { readonly file: string; readonly force: boolean }): Promise<void> {
  const { client } = await context.daemon.connect();
  const { document } = await client.showProfile({ profile });
  await writeNew(filePath(context, file), file.endsWith(".json") ? `${JSON.stringify(document, null, 2)}\n` : await yamlOf(document), force);
  context.io.out(`Exported profile ${profile} to ${file}\n`);
}

/** Keep a profile from a file. */
export async function importProfile(context: Context, file: string, force: boolean): Promise<void> {
  const text = await readInput(context, file);
  const { client } = await context.daemon.connect();
  const { profile, notes } = await client.importProfile({ text, force });
  for (const note of notes) context.io.err(`sbx: ${cleanText(note)}\n`);
  context.io.out(`Imported profile ${profile.id}\n`);
}

/** Offer tools of a profile's servers, or keep them back. */
export async function chooseProfileTools(
  { daemon, io }: Context,
  profile: string,
  {
    enable,
    disable,
    enableAll,
    disableAll,
  }: { readonly enable: readonly string[]; readonly disable: readonly string[]; readonly enableAll: readonly string[]; readonly disableAll: readonly string[] },
): Promise<void> {
  const whole = (servers: readonly string[], offer: boolean) => servers.map((server) => ({ server, offer }));
  const single = (tools: readonly string[], offer: boolean) => tools.map((text) => ({ ...parseTool(text), offer }));
  const changes = [...whole(disableAll, false), ...whole(enableAll, true), ...single(disable, false), ...single(enable, true)];
  if (changes.length === 0) throw new AppError("USAGE", { message: "There is nothing to change", fix: "Write for example: sbx mcp profile tools work --disable github-official.delete_file" });
  const { client } = await daemon.connect();
  const { enabled, disabled } = await client.chooseTools({ profile, changes });
  io.out(`Updated profile ${profile}: ${enabled} tool(s) enabled, ${disabled} tool(s) disabled\n`);
}

/** Names of servers may have dots, names of tools hardly: the last one parts them. */
function parseTool(text: string): { readonly server: string; readonly tool: string } {
  const at = text.lastIndexOf(".");
  if (at <= 0 || at === text.length - 1) throw new AppError("USAGE", { message: `"${text}" names no server and tool`, fix: "Write SERVER.TOOL, for example github-official.issue_read" });
  return { server: text.slice(0, at), tool: text.slice(at + 1) };
}

/** List the servers of all profiles, or of those that a filter leaves. */
export async function listProfileServers({ daemon, io }: Context, filter: string, options: FormatOptions): Promise<void> {
  const { name, profile: only } = filterOf(filter === "" ? undefined : filter, ["name", "profile"]);
  const { client } = await daemon.connect();
  const profiles = (await client.listProfiles({})).filter(({ profile }) => only === undefined || profile.id === only);
  const result = profiles.flatMap((view) => serversOf(view)).filter((server) => name === undefined || server.name.includes(name));
  await present(io, options, {
    result,
    lines: (all) =>
      table(
        ["PROFILE", "SERVER", "TOOLS"],
        all.map(({ profile, name: server, tools }) => [profile, server, tools === undefined ? "all" : tools.join(", ")]),
      ),
  });
}

function serversOf({ profile }: ProfileView): readonly { readonly profile: string; readonly name: string; readonly tools?: readonly string[] | undefined }[] {
  return profile.servers.map(({ name, tools }) => ({ profile: profile.id, name, ...(tools === undefined ? {} : { tools }) }));
}
