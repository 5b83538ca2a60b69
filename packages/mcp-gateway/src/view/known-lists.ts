import { createHash } from "node:crypto";
import type { JsonObject } from "../jsonrpc/json.ts";
import type { ListKey, ListStore, ServerLists, StartServer, ToolInterceptor } from "../ports.ts";
import { withSafeIcons } from "./safe-icons.ts";
import { visibleDefinition, visibleText } from "./visible-text.ts";

/** Lists that are known without asking the server. */
export interface Known {
  readonly lists: ServerLists;
  /** Said to the person of this machine and not to the one who asks now: what the server has for that one is not known. */
  readonly borrowed: boolean;
}

/** Stands for the entry of a server (with its version or digest) and its configuration, on which depends what it offers. */
export function serverKey({ entry, config }: Pick<StartServer, "entry" | "config">): string {
  return createHash("sha256")
    .update(JSON.stringify([entry, config]))
    .digest("hex")
    .slice(0, 32);
}

/**
 * What servers offered when they were last seen, as the interceptors of one gateway leave it.
 *
 * A sandbox sees what its own instances said. Until there is anything it borrows the tools and prompts that the same
 * server with the same configuration named to the person, and never what was said in another sandbox: an agent there
 * may have had a hand in it. Resources are data, and never borrowed.
 */
export class KnownLists {
  readonly #store: ListStore;
  readonly #interceptors: readonly ToolInterceptor[];
  /** Kept lists are the same objects for all scopes: they are looked over once. */
  readonly #lookedOver = new WeakMap<ServerLists, ServerLists>();
  readonly #borrowed = new WeakMap<ServerLists, ServerLists>();

  constructor({ store, interceptors }: { readonly store: ListStore; readonly interceptors: readonly ToolInterceptor[] }) {
    this.#store = store;
    this.#interceptors = interceptors;
  }

  get(key: ListKey): Known | undefined {
    const own = this.#store.get(key);
    if (own !== undefined) return { lists: this.#lookOver(own), borrowed: false };
    const hosts = key.owner === "host" ? undefined : this.#store.get({ ...key, owner: "host" });
    return hosts === undefined ? undefined : { lists: remembered(this.#borrowed, this.#lookOver(hosts), withoutResources), borrowed: true };
  }

  /** Keep what a server said just now; gives it as it may be shown. */
  put(key: ListKey, said: ServerLists): ServerLists {
    const lists = this.#lookOver(said);
    this.#store.put(key, lists);
    return lists;
  }

  #lookOver(lists: ServerLists): ServerLists {
    return remembered(this.#lookedOver, lists, (said) => {
      // Lists are JSON, and an interceptor changes texts in it.
      const answer = visibleLists(said) as unknown as JsonObject;
      const shown = this.#interceptors.reduceRight((left, interceptor) => interceptor.answer?.(left) ?? left, answer) as unknown as ServerLists;
      this.#lookedOver.set(shown, shown);
      return shown;
    });
  }
}

/** What people and models read of servers has nothing in it that is not seen, and sends clients nowhere. */
function visibleLists(lists: ServerLists): ServerLists {
  const { instructions, tools, prompts, resources, templates } = lists;
  return {
    ...lists,
    ...(instructions === undefined ? {} : { instructions: visibleText(instructions) }),
    tools: tools.map(shown),
    prompts: prompts.map(shown),
    resources: resources.map(shown),
    templates: templates.map(shown),
  };
}

function shown(definition: JsonObject): JsonObject {
  return withSafeIcons(visibleDefinition(definition));
}

function withoutResources(lists: ServerLists): ServerLists {
  return { ...lists, resources: [], templates: [] };
}

function remembered<Key extends object, Value>(memory: WeakMap<Key, Value>, key: Key, make: (key: Key) => Value): Value {
  const before = memory.get(key);
  if (before !== undefined) return before;
  const value = make(key);
  memory.set(key, value);
  return value;
}
