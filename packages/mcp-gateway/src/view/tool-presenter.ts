import type { JsonObject } from "../jsonrpc/json.ts";
import { presentTool } from "./present.ts";

/** Shows tools; the same definition under the same name is one object for all scopes, since lists are the same for many. */
export class ToolPresenter {
  readonly #shown = new WeakMap<JsonObject, { readonly name: string; readonly server: string; readonly tool: JsonObject | undefined }>();

  /** As {@link presentTool}. */
  present(definition: JsonObject, { name, server }: { readonly name: string; readonly server: string }): JsonObject | undefined {
    const before = this.#shown.get(definition);
    if (before?.name === name && before.server === server) return before.tool;
    const tool = presentTool(definition, { name, server });
    this.#shown.set(definition, { name, server, tool });
    return tool;
  }
}
