import type { GatewayParts } from "../gateway-options.ts";
import { text, type JsonObject } from "../jsonrpc/json.ts";
import { NameTable } from "./name-table.ts";
import { definedName, tagged } from "./present.ts";
import type { ServerSlot, ViewPrompt, ViewTool } from "./server-slot.ts";
import { couldMatch, UriTable, type ResourceOwner } from "./uri-table.ts";

/** What a scope sees of its servers now; made anew when something of it changes, with names that keep their meaning. */
export interface View {
  readonly tools: ReadonlyMap<string, ViewTool>;
  readonly prompts: ReadonlyMap<string, ViewPrompt>;
  readonly resources: readonly JsonObject[];
  readonly templates: readonly JsonObject[];
}

/** Names and URIs of one scope, and the views that are made with them. */
export class ViewMaker {
  readonly #tools = new NameTable();
  readonly #prompts = new NameTable();
  readonly uris = new UriTable();
  readonly #parts: Pick<GatewayParts, "offers" | "presenter">;

  constructor(parts: Pick<GatewayParts, "offers" | "presenter">) {
    this.#parts = parts;
  }

  /** Show what the servers offer as far as it is known, in the order in which they were added. */
  make(slots: readonly ServerSlot[]): View {
    const tools = new Map<string, ViewTool>();
    const prompts = new Map<string, ViewPrompt>();
    for (const slot of slots) {
      for (const tool of this.#toolsOf(slot)) if (!tools.has(tool.name)) tools.set(tool.name, tool);
      for (const prompt of this.#promptsOf(slot)) if (!prompts.has(prompt.name)) prompts.set(prompt.name, prompt);
    }
    return {
      tools,
      prompts,
      resources: slots.flatMap((slot) => this.#withUris(slot, slot.lists?.resources, "uri")),
      templates: slots.flatMap((slot) => this.#withUris(slot, slot.lists?.templates, "uriTemplate")),
    };
  }

  /** Whose resource a URI means: the one that listed it, else one with a fitting template, else the only one that has resources. */
  resourceOwner(uri: string, slots: readonly ServerSlot[]): ResourceOwner | undefined {
    const listed = this.uris.ownerOf(uri);
    if (listed !== undefined) return listed;
    const withResources = slots.filter((slot) => slot.lists?.capabilities["resources"] !== undefined);
    const fitting = withResources.find((slot) => slot.lists?.templates.some((template) => couldMatch(text(template, "uriTemplate") ?? "", uri)));
    const owner = fitting ?? (withResources.length === 1 ? withResources[0] : undefined);
    return owner === undefined ? undefined : { server: owner.entry.name, uri };
  }

  #toolsOf(slot: ServerSlot): readonly ViewTool[] {
    const { entry, enabled, lists } = slot;
    return (lists?.tools ?? []).flatMap((definition) => {
      const tool = definedName(definition);
      if (tool === undefined || enabled.tools?.includes(tool) === false || !this.#parts.offers({ server: entry.name, tool })) return [];
      const name = this.#tools.nameOf({ server: entry.name, name: tool }, entry.prefix);
      const shown = name === undefined ? undefined : this.#parts.presenter.present(definition, { name, server: entry.name });
      return name === undefined || shown === undefined ? [] : [{ name, slot, tool, listed: enabled.unlisted !== true, definition: shown }];
    });
  }

  #promptsOf(slot: ServerSlot): readonly ViewPrompt[] {
    const { entry, lists } = slot;
    return (lists?.prompts ?? []).flatMap((definition) => {
      const prompt = definedName(definition);
      const name = prompt === undefined ? undefined : this.#prompts.nameOf({ server: entry.name, name: prompt }, entry.prefix);
      return prompt === undefined || name === undefined ? [] : [{ name, slot, prompt, definition: { ...tagged(definition, entry.name), name } }];
    });
  }

  #withUris({ entry }: ServerSlot, items: readonly JsonObject[] | undefined, key: "uri" | "uriTemplate"): readonly JsonObject[] {
    return (items ?? []).flatMap((item) => {
      const uri = text(item, key);
      return uri === undefined ? [] : [{ ...tagged(item, entry.name), [key]: this.uris.claim(entry.name, uri) }];
    });
  }
}
