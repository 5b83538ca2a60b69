import type { EnabledServer, ServerEntry } from "@sbx/contracts";
import type { JsonObject } from "../jsonrpc/json.ts";
import type { ListKey, ServerLists } from "../ports.ts";
import type { ScopeMember } from "../scope-member.ts";
import type { PacedTask } from "./paced-task.ts";
import type { ServerInstance } from "../upstream/instance.ts";

/** A server that a scope has: what it was enabled as, what it offers as far as known, and its one instance. */
export interface ServerSlot {
  readonly entry: ServerEntry;
  enabled: EnabledServer;
  readonly instance: ServerInstance;
  /** Under which its lists are kept. */
  readonly listKey: ListKey;
  lists: ServerLists | undefined;
  /** The lists are those that the server named to the person: its resources are not known. */
  borrowed: boolean;
  /** The one reading of its lists that is under way. */
  reading: Promise<ServerLists> | undefined;
  /** A list waited for it in vain: none waits again until it has been read. */
  late: boolean;
  /** Reads its lists again when the server says that they have changed, and not at the pace of a server that floods. */
  readonly rereading: PacedTask;
  /** Members that asked for updates, by the URI that the server knows; with the URI that each member knows. */
  readonly subscriptions: Map<string, Map<ScopeMember, string>>;
  /** Who was shown a page to visit, by the id that the server gave the question. */
  readonly visits: Map<string, ScopeMember>;
}

/** A tool as a scope sees it. */
export interface ViewTool {
  readonly name: string;
  readonly slot: ServerSlot;
  /** The server's own name of it. */
  readonly tool: string;
  /** Whether `tools/list` has it; the others can be called through `mcp-exec` and scripts alone. */
  readonly listed: boolean;
  /** As the client sees it. */
  readonly definition: JsonObject;
}

/** A prompt as a scope sees it. */
export interface ViewPrompt {
  readonly name: string;
  readonly slot: ServerSlot;
  readonly prompt: string;
  readonly definition: JsonObject;
}
