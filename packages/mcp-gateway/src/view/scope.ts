import { isDeepStrictEqual } from "node:util";
import { AppError, type EnabledServer, type ServerConfig, type ServerEntry } from "@sbx/contracts";
import type { GatewayParts } from "../gateway-options.ts";
import type { JsonObject } from "../jsonrpc/json.ts";
import type { Caller, ServerLists } from "../ports.ts";
import type { ScopeMember } from "../scope-member.ts";
import { ServerInstance } from "../upstream/instance.ts";
import { openServer, prepareServer } from "../upstream/open-server.ts";
import { ByteBudget } from "../byte-budget.ts";
import { abortable } from "../abortable.ts";
import type { Places } from "../upstream/places.ts";
import { ChangeNotices, type ListKind } from "./change-notices.ts";
import { serverKey } from "./known-lists.ts";
import { clientCapabilities } from "./client-capabilities.ts";
import { PacedTask } from "./paced-task.ts";
import { answerServer, hearServer } from "./server-asks.ts";
import { restoreConnection } from "./restore.ts";
import type { ServerSlot } from "./server-slot.ts";
import { ViewMaker, type View } from "./view.ts";

export interface ScopeOptions {
  readonly caller: Caller;
  readonly parts: GatewayParts;
  readonly places: Places;
}

/** A tool that runs scripts over the tools of some servers. */
export interface ScriptTool {
  readonly servers: readonly string[];
  readonly definition: JsonObject;
}

/** What one caller has: its servers, each with one instance, and the view of them that all its sessions share. */
export class Scope implements AsyncDisposable {
  readonly caller: Caller;
  readonly parts: GatewayParts;
  /** What its large messages count against. */
  readonly budget: ByteBudget;
  /** What its sessions may keep for clients that come back. */
  readonly kept: ByteBudget;
  /** What its servers may put aside. */
  readonly #aside: ByteBudget;
  readonly members = new Set<ScopeMember>();
  readonly notices: ChangeNotices;
  /** Configurations of servers that are not added yet. */
  readonly drafts = new Map<string, ServerConfig>();
  /** Tools that were made of scripts, by name. */
  readonly scripts = new Map<string, ScriptTool>();
  readonly #places: Places;
  readonly #maker: ViewMaker;
  readonly #slots = new Map<string, ServerSlot>();
  /** Made again when it is asked for: many scopes wait for a client that says nothing. */
  #view: WeakRef<View> | undefined;

  constructor({ caller, parts, places }: ScopeOptions) {
    this.caller = caller;
    this.parts = parts;
    this.#places = places;
    this.#maker = new ViewMaker(parts);
    this.budget = new ByteBudget(parts.limits.scopeBytes, parts.budget);
    this.kept = new ByteBudget(parts.limits.scopeKeptBytes, parts.budget);
    this.#aside = new ByteBudget(parts.limits.scopeAsideBytes, parts.aside);
    this.notices = new ChangeNotices((kind) => {
      for (const member of this.members) member.tell(`notifications/${kind}/list_changed`);
    }, parts.limits.coalesceMs);
    this.#reconcile();
  }

  get key(): string {
    return `${this.caller.kind}:${this.caller.scope}`;
  }

  get slots(): readonly ServerSlot[] {
    return [...this.#slots.values()];
  }

  get uris(): ViewMaker["uris"] {
    return this.#maker.uris;
  }

  slot(server: string): ServerSlot | undefined {
    return this.#slots.get(server);
  }

  /** Take over what the state says now that this scope has: new servers, changed ones, and those that have gone, which are stopped. */
  async refresh(): Promise<void> {
    const gone = this.#reconcile();
    this.#view = undefined;
    this.notices.add(["tools", "prompts", "resources"]);
    await Promise.all(gone.map(async (instance) => await instance[Symbol.asyncDispose]()));
  }

  /** What is known of all servers, without waiting for any. */
  view(): View {
    const kept = this.#view?.deref();
    if (kept !== undefined) return kept;
    const view = this.#maker.make(this.slots);
    this.#view = new WeakRef(view);
    return view;
  }

  /** The view once each server was asked of which nothing was known; one that does not answer in time is left out until it does. */
  async fullView(signal: AbortSignal, { resources = false }: { readonly resources?: boolean } = {}): Promise<View> {
    const unknown = this.slots.filter((slot) => slot.lists === undefined || (resources && lacksResources(slot)));
    const awaited = unknown.filter((slot) => !slot.late);
    // Tried again in the background, as often as its back-off lets it; whatever comes of it is told as a change.
    for (const slot of unknown) if (slot.late) this.reread(slot).catch(() => undefined);
    if (awaited.length > 0) {
      const patience = AbortSignal.any([signal, AbortSignal.timeout(this.parts.limits.listWaitMs)]);
      await Promise.all(awaited.map(async (slot) => await this.#waitFor(slot, patience)));
      signal.throwIfAborted();
    }
    return this.view();
  }

  /**
   * Wait for servers that are on their way and could have this tool, as long as none has it. A server whose tools a catalog
   * lists is waited for by them alone. `onStep` hears what is done for them.
   */
  async awaitTool(name: string, signal: AbortSignal, onStep: (server: string, step: string) => void): Promise<void> {
    const waiting = new Map(
      this.slots
        .filter((slot) => slot.lists === undefined && couldHave(slot.entry, name))
        .map((slot) => {
          const release = slot.instance.onStep((step) => {
            onStep(slot.entry.name, step);
          });
          const done = abortable(this.reread(slot), signal)
            .catch(() => undefined)
            .then(() => {
              release();
              waiting.delete(slot);
            });
          return [slot, done] as const;
        }),
    );
    while (waiting.size > 0 && !this.view().tools.has(name)) await Promise.race(waiting.values());
    signal.throwIfAborted();
  }

  async #waitFor(slot: ServerSlot, patience: AbortSignal): Promise<void> {
    try {
      await abortable(this.reread(slot), patience);
    } catch {
      slot.late = patience.aborted && (slot.lists === undefined || slot.borrowed);
    }
  }

  resourceOwner(uri: string): { readonly server: string; readonly uri: string } | undefined {
    return this.#maker.resourceOwner(uri, this.slots);
  }

  /** Ask a server anew what it offers, and tell of what has changed. One reading at a time, which several may wait for. */
  async reread(slot: ServerSlot): Promise<ServerLists> {
    slot.reading ??= this.#read(slot).finally(() => {
      slot.reading = undefined;
    });
    return await slot.reading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.notices.flush();
    const instances = this.slots.map((slot) => slot.instance);
    this.#slots.clear();
    await Promise.all(instances.map(async (instance) => await instance[Symbol.asyncDispose]()));
  }

  async #read(slot: ServerSlot): Promise<ServerLists> {
    // Its own limits end each step; this one ends a server that takes them all.
    const late = new AppError("SERVER_FAILED", { message: `Server '${slot.entry.name}' did not say in time what it offers.`, fix: "Try again, or use another version of the server." });
    const tooLong = new AbortController();
    const timer = setTimeout(
      () => {
        tooLong.abort(late);
      },
      this.parts.limits.prepareMs + this.parts.limits.startMs * 2,
    ).unref();
    const said = await slot.instance.lists(tooLong.signal).finally(() => {
      clearTimeout(timer);
    });
    const before = slot.lists;
    const lists = this.parts.known.put(slot.listKey, said);
    slot.lists = lists;
    slot.borrowed = false;
    slot.late = false;
    if (this.#slots.get(slot.entry.name) === slot) {
      this.#view = undefined;
      this.notices.add(changedKinds(before, lists));
    }
    return lists;
  }

  /** Returns the instances that nobody has any more. */
  #reconcile(): readonly ServerInstance[] {
    const { state, catalog } = this.parts;
    const gone: ServerInstance[] = [];
    const before = new Map(this.#slots);
    this.#slots.clear();
    for (const enabled of state.servers(this.caller)) {
      const entry = catalog.find(enabled.name, this.caller);
      if (entry === undefined) continue;
      const old = before.get(enabled.name);
      if (old !== undefined && old.listKey.server === serverKey({ entry, config: enabled.config })) {
        before.delete(enabled.name);
        old.enabled = enabled;
        this.#slots.set(enabled.name, old);
      } else this.#slots.set(enabled.name, this.#newSlot(entry, enabled));
    }
    for (const slot of before.values()) gone.push(slot.instance);
    return gone;
  }

  #newSlot(entry: ServerEntry, enabled: EnabledServer): ServerSlot {
    const { limits, known, onFault, record } = this.parts;
    const request = { entry, config: enabled.config, caller: this.caller };
    const listKey = { owner: this.caller.kind === "sandbox" ? this.caller.sandbox : "host", server: serverKey(request) } as const;
    const { lists, borrowed = false } = known.get(listKey) ?? {};
    const current = (): ServerSlot | undefined => this.#slots.get(entry.name);
    const note = (type: "server.started" | "server.ended" | "server.failed", fields: Readonly<Record<string, string | number>>): void => {
      record({ type, ...(this.caller.kind === "sandbox" ? { sandbox: this.caller.sandbox } : {}), fields: { server: entry.name, ...fields } });
    };
    const instance: ServerInstance = new ServerInstance({
      limits,
      prepare: prepareServer(request, this.parts),
      open: openServer(request, { ...this.parts, budget: this.budget, aside: this.#aside }, limits),
      clientCapabilities: () => clientCapabilities(this.members, this.parts.sampling),
      takePlace: async (wanted) => await this.#places.take(wanted, this.key),
      restore: (connection) => {
        const slot = current();
        if (slot !== undefined) restoreConnection(connection, slot, this.members);
      },
      events: {
        onStarted: (startMs) => {
          note("server.started", { startMs });
          const slot = current();
          // What is known of it may be old: it says now what it offers, unless that is why it was started.
          if (slot?.instance === instance && slot.reading === undefined) slot.rereading.request();
        },
        onFailed: (reason) => {
          note("server.failed", { reason: reason.message.slice(0, 500) });
        },
        onStopped: () => {
          note("server.ended", {});
        },
        onLog: (text) => {
          this.parts.keepLog?.(entry.name, text);
        },
        onNotification: (notification) => {
          const slot = current();
          if (slot?.instance === instance) hearServer(this, slot, notification);
        },
        onRequest: async (request, signal) => await answerServer(this, { instance, server: entry.name, slot: current(), request, signal }),
        onFault,
      },
    });
    const rereading: PacedTask = new PacedTask(async () => {
      const slot = current();
      // Only from the connection that said so: a server is not started to be read again.
      if (slot?.instance !== instance || instance.running === undefined) return;
      // A reading that is under way may have begun before the change.
      await slot.reading?.catch(() => undefined);
      await this.reread(slot);
    }, limits);
    return { entry, enabled, instance, listKey, lists, borrowed, reading: undefined, late: false, rereading, subscriptions: new Map(), visits: new Map() };
  }
}

/** Names that the scope knows may have the server's name before the tool's. */
function couldHave({ tools }: ServerEntry, name: string): boolean {
  return tools.length === 0 || tools.some((tool) => name === tool.name || name.endsWith(`__${tool.name}`));
}

/** Whether a server has resources of which nothing is known. */
function lacksResources({ borrowed, lists }: ServerSlot): boolean {
  return borrowed && lists?.capabilities["resources"] !== undefined;
}

const KINDS: Readonly<Record<ListKind, readonly (keyof ServerLists)[]>> = { tools: ["tools"], prompts: ["prompts"], resources: ["resources", "templates"] };

function changedKinds(before: ServerLists | undefined, after: ServerLists): readonly ListKind[] {
  const kinds: readonly ListKind[] = ["tools", "prompts", "resources"];
  return kinds.filter((kind) => KINDS[kind].some((key) => !isDeepStrictEqual(before?.[key] ?? [], after[key])));
}
