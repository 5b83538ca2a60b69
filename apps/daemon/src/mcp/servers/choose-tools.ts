import { AppError, type EnabledServer, type ServerEntry, type ToolView } from "@sbx/contracts";
import type { ServerSet } from "../store/server-set.ts";

/** One wish of a person: offer a tool or keep it back. Without `tool` all of the server, without `server` wherever the tool is. */
export interface ToolChange {
  readonly server?: string | undefined;
  readonly tool?: string | undefined;
  readonly offer: boolean;
}

/** Names of all tools of a server, as the server itself calls them. */
export type ToolsOf = (server: string) => Promise<readonly string[]>;

/**
 * Carry out wishes about tools of a set.
 *
 * @returns how many tools are offered more and fewer than before
 * @throws AppError `SERVER_UNKNOWN`, `TOOL_UNKNOWN`: then nothing is changed
 */
export async function chooseTools(set: ServerSet, changes: readonly ToolChange[], toolsOf: ToolsOf): Promise<{ enabled: number; disabled: number }> {
  const { servers } = set.profile();
  const all = new Map<string, readonly string[]>();
  const known = async (server: string): Promise<readonly string[]> => {
    const names = all.get(server) ?? (await toolsOf(server));
    all.set(server, names);
    return names;
  };
  const offered = new Map<string, ReadonlySet<string>>();
  const before = new Map<string, ReadonlySet<string>>();
  for (const change of changes) {
    const server = await serverOf(change, servers, known);
    const names = await known(server.name);
    const now = offered.get(server.name) ?? new Set(server.tools ?? names);
    if (!before.has(server.name)) before.set(server.name, now);
    offered.set(server.name, changed(now, names, change));
  }
  const choices = [...offered].map(([server, now]) => [server, choice(now, all.get(server) ?? [])] as const);
  set.setTools(new Map(choices));
  return { enabled: count(before, offered), disabled: count(offered, before) };
}

async function serverOf({ server, tool }: ToolChange, servers: readonly EnabledServer[], known: ToolsOf): Promise<EnabledServer> {
  if (server !== undefined) {
    const found = servers.find(({ name }) => name === server);
    if (found === undefined) throw new AppError("SERVER_UNKNOWN", { message: `"${server}" is not enabled`, fix: "List what is enabled with: sbx mcp server ls" });
    return found;
  }
  const having: EnabledServer[] = [];
  for (const one of servers) if (tool !== undefined && (await known(one.name)).includes(tool)) having.push(one);
  const [first, second] = having;
  if (first === undefined) throw new AppError("TOOL_UNKNOWN", { message: `No enabled server has a tool "${tool ?? ""}"`, fix: "List the tools with: sbx mcp tools ls" });
  if (second !== undefined)
    throw new AppError("USAGE", { message: `Several servers have a tool "${tool ?? ""}": ${having.map(({ name }) => name).join(", ")}`, fix: `Name the server: --server ${first.name}` });
  return first;
}

function changed(now: ReadonlySet<string>, names: readonly string[], { tool, offer }: ToolChange): ReadonlySet<string> {
  if (tool === undefined) return new Set(offer ? names : []);
  if (!names.includes(tool) && !now.has(tool)) throw new AppError("TOOL_UNKNOWN", { message: `The server has no tool "${tool}"`, fix: "List the tools with: sbx mcp tools ls" });
  const after = new Set(now);
  if (offer) after.add(tool);
  else after.delete(tool);
  return after;
}

/** All of them is no choice: a tool that a later version brings is offered then, too. */
function choice(now: ReadonlySet<string>, names: readonly string[]): readonly string[] | undefined {
  return names.length > 0 && names.every((name) => now.has(name)) ? undefined : [...now];
}

/** How many are in the second and not in the first. */
function count(first: ReadonlyMap<string, ReadonlySet<string>>, second: ReadonlyMap<string, ReadonlySet<string>>): number {
  return [...second].reduce((sum, [server, tools]) => sum + [...tools].filter((tool) => first.get(server)?.has(tool) !== true).length, 0);
}

/** What the catalog says of a server's tools, and what it offered when it was last seen. */
export function toolNames(entry: ServerEntry | undefined, listed: readonly ToolView[]): readonly string[] {
  return [...new Set([...(entry?.tools ?? []).map(({ name }) => name), ...listed.map(({ name }) => name)])];
}
