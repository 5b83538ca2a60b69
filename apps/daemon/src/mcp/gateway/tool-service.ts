import { AppError, ToolResult, ToolView, type EnabledServer } from "@sbx/contracts";
import type { CatalogFiles } from "../catalogs/catalog-files.ts";
import { toolNames } from "../servers/choose-tools.ts";
import type { ServerSets } from "../store/server-sets.ts";
import type { ClientOptions, GatewayPort } from "./gateway-port.ts";
import { withLineClient, type LineClient } from "./line-client.ts";

export interface ToolServiceParts {
  readonly gateway: GatewayPort;
  readonly sets: ServerSets;
  readonly catalogs: Pick<CatalogFiles, "find">;
  readonly newScope: () => string;
  readonly now: () => number;
}

/** A person who waits sees how it goes and can leave: as long as a server may take to be installed and started. */
const PATIENCE_MS = 17 * 60_000;

/** Which servers a person's question is about: a set of them, or some by name. */
export interface Selection {
  readonly profile: string;
  readonly servers?: readonly string[] | undefined;
}

/** Tools of some servers, and why others of them offer none. */
export interface ListedTools {
  readonly tools: ToolView[];
  readonly failed: { readonly server: string; readonly reason: string }[];
}

/** What a person does with tools: the servers that have them are started as an agent's would be. */
export class ToolService {
  readonly #parts: ToolServiceParts;

  constructor(parts: ToolServiceParts) {
    this.#parts = parts;
  }

  async list(selection: Selection, signal: AbortSignal): Promise<ListedTools> {
    return await this.listOf(this.#baseOf(selection), signal);
  }

  /** The tools of these servers. One that does not start keeps nobody from the others; with `hurry` one that takes long neither. */
  async listOf(base: ClientOptions["base"], signal: AbortSignal, { hurry = false }: { readonly hurry?: boolean } = {}): Promise<ListedTools> {
    const failed = new Map<string, string>();
    const tools = await this.#run({ base, failed, hurry }, signal, listTools);
    return { tools, failed: [...failed].map(([server, reason]) => ({ server, reason })) };
  }

  /** @throws AppError `TOOL_UNKNOWN` */
  async call(selection: Selection, { tool, args }: { readonly tool: string; readonly args: Readonly<Record<string, unknown>> }, signal: AbortSignal): Promise<ToolResult> {
    const failed = new Map<string, string>();
    return await this.#run({ base: this.#baseOf(selection), failed }, signal, async (client) => {
      if (!(await listTools(client)).some(({ name }) => name === tool)) throw unknownTool(tool, failed);
      const start = this.#parts.now();
      const result = await client.request("tools/call", { name: tool, arguments: args });
      return ToolResult.parse({ ...result, tookMs: this.#parts.now() - start });
    });
  }

  /** Every tool of one server under its own name, offered or not: what the catalog says, else what the server says. */
  async toolsOf(server: string, signal: AbortSignal): Promise<readonly string[]> {
    const entry = this.#parts.catalogs.find(server)?.entry;
    if (entry !== undefined && entry.tools.length > 0) return toolNames(entry, []);
    const prefix = entry?.prefix === undefined ? "" : `${entry.prefix}__`;
    const base = (): readonly EnabledServer[] => [{ name: server, config: configOf(this.#parts.sets, server) }];
    const listed = await this.#run({ base, failed: new Map() }, signal, listTools);
    return listed.map(({ name }) => (name.startsWith(prefix) ? name.slice(prefix.length) : name));
  }

  #baseOf({ profile, servers }: Selection): ClientOptions["base"] {
    const set = this.#parts.sets.get(profile);
    return () => set.profile().servers.filter(({ name }) => servers === undefined || servers.includes(name));
  }

  async #run<T>(
    { base, failed, hurry = false }: { readonly base: ClientOptions["base"]; readonly failed: Map<string, string>; readonly hurry?: boolean },
    signal: AbortSignal,
    use: (client: LineClient) => Promise<T>,
  ): Promise<T> {
    const options: ClientOptions = {
      base,
      management: false,
      tools: [],
      ...(hurry ? {} : { listWaitMs: PATIENCE_MS }),
      logCalls: true,
      blockSecrets: true,
      interceptors: [],
      log: () => undefined,
      failed: (server, reason) => void failed.set(server, reason),
    };
    return await withLineClient({ gateway: this.#parts.gateway, options, scope: this.#parts.newScope(), signal }, use);
  }
}

function unknownTool(tool: string, failed: ReadonlyMap<string, string>): AppError {
  const silent = [...failed].map(([server, reason]) => `; ${server} did not start: ${reason}`).join("");
  return new AppError("TOOL_UNKNOWN", { message: `tool ${tool} not found${silent}`, fix: "List the tools with: sbx mcp tools ls" });
}

/** A tool that is none is passed over: what a server says keeps nobody from the others. */
async function listTools(client: LineClient): Promise<ToolView[]> {
  return (await client.list("tools/list", "tools")).flatMap((tool) => ToolView.safeParse(tool).data ?? []);
}

function configOf(sets: ServerSets, server: string): EnabledServer["config"] {
  const found = sets
    .get("default")
    .profile()
    .servers.find(({ name }) => name === server);
  return found?.config ?? {};
}
