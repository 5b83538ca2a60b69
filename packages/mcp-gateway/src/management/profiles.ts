import * as z from "zod";
import type { EnabledServer, ServerEntry } from "@sbx/contracts";
import { objects, text, type JsonObject } from "../jsonrpc/json.ts";
import { errorResult, textResult } from "../tools/tool-result.ts";
import type { Scope } from "../view/scope.ts";
import { addServer } from "./add-server.ts";
import { whatIsMissing } from "./admit-server.ts";
import { checkArguments } from "./arguments.ts";
import type { ManagementTool } from "./management.ts";

const Arguments = z.object({ name: z.string().min(1).max(100) });
const inputSchema: JsonObject = { type: "object", properties: { name: { type: "string", description: "Name of the profile." } }, required: ["name"] };

/** `mcp-create-profile`: keep the servers of this scope under a name. */
export const createProfileTool: ManagementTool = {
  definition: {
    name: "mcp-create-profile",
    title: "Save the servers as a profile",
    description: "Save the servers that are added now, with their configuration, as a named profile. A profile of the same name is updated.",
    inputSchema,
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  },
  run: async ({ session: { scope }, args }) => {
    const checked = checkArguments(Arguments, args);
    if (!checked.ok) return checked.answer;
    const { name } = checked.value;
    const id = profileId(name);
    const servers = scope.parts.state.servers(scope.caller);
    if (id === undefined) return errorResult(`Error: '${name}' is no name for a profile. Use letters and digits.`);
    if (servers.length === 0) return errorResult("Error: No server is added, so there is nothing to save. Add servers with mcp-add first.");
    const known = scope.parts.state.profile(id, scope.caller) !== undefined;
    scope.parts.state.putProfile({ version: 1, id, name, servers: [...servers] }, scope.caller);
    const lines = servers.map((server, at) => `${at + 1}. ${describe(scope, server)}`);
    return await Promise.resolve(textResult([`Successfully ${known ? "updated" : "created"} profile '${name}' (ID: ${id}) with ${servers.length} servers:`, ...lines].join("\n")));
  },
};

/** `mcp-activate-profile`: add all servers of a profile. */
export const activateProfileTool: ManagementTool = {
  definition: {
    name: "mcp-activate-profile",
    title: "Add the servers of a profile",
    description: "Add all servers of a profile that was saved, with the configuration that they were saved with.",
    inputSchema,
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  },
  run: async ({ session: { scope }, args, cause }) => {
    const checked = checkArguments(Arguments, args);
    if (!checked.ok) return checked.answer;
    const { name } = checked.value;
    const id = profileId(name);
    const profile = id === undefined ? undefined : scope.parts.state.profile(id, scope.caller);
    if (profile === undefined) return errorResult(`Error: Profile '${name}' not found in project or database`);
    const wanted = profile.servers.filter((server) => scope.slot(server.name) === undefined);
    const entries = wanted.map((server) => ({ server, entry: scope.parts.catalog.find(server.name, scope.caller) }));
    // All is looked at before anything is started.
    const problems = await Promise.all(entries.map(async ({ server, entry }) => await lacks(scope, server, entry)));
    const told = problems.filter((problem) => problem !== undefined);
    if (told.length > 0) return errorResult([`Error: Profile '${name}' cannot be activated.`, ...told].join("\n\n"));
    const failed: string[] = [];
    for (const { server, entry } of entries) {
      const added = entry === undefined ? undefined : await addServer({ scope, entry, cause }, { activate: server.unlisted !== true, wanted: server });
      if (added !== undefined && "answer" in added) failed.push(textOf(added.answer));
    }
    if (failed.length > 0 && failed.length === wanted.length) return errorResult([`Error: No server of profile '${name}' could be added.`, ...failed].join("\n\n"));
    return textResult([`Successfully activated profile '${name}'`, ...(failed.length === 0 ? [] : ["Some servers could not be added:", ...failed])].join("\n\n"));
  },
};

async function lacks(scope: Scope, server: EnabledServer, entry: ServerEntry | undefined): Promise<string | undefined> {
  if (entry === undefined) return `Server '${server.name}' is in no catalog.`;
  const missing = await whatIsMissing({ scope, entry, config: server.config });
  return missing === undefined ? undefined : textOf(missing);
}

function profileId(name: string): string | undefined {
  const id = name.trim().replaceAll(/[^A-Za-z0-9_.-]+/g, "-");
  return /^[A-Za-z0-9]/.test(id) ? id : undefined;
}

function describe(scope: Scope, { name, config }: EnabledServer): string {
  const slot = scope.slot(name);
  const where = slot === undefined ? "" : ` (${sourceOf(slot.entry)})`;
  const tools = slot?.lists === undefined ? "" : `, ${slot.lists.tools.length} tools`;
  return `${name}${where}${tools}${Object.keys(config).length > 0 ? " - configured" : ""}`;
}

function sourceOf({ source }: ServerEntry): string {
  switch (source.kind) {
    case "image":
      return source.image;
    case "npm":
    case "pypi":
      return `${source.package} ${source.version}`;
    case "bundle":
      return source.from;
    case "remote":
      return source.url;
  }
}

function textOf(result: JsonObject): string {
  return text(objects(result, "content")[0], "text") ?? "";
}
