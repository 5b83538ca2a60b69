import { isObject, isList, member, text, type Json, type JsonObject } from "../jsonrpc/json.ts";

/** Where a definition says which server it comes from. */
const SERVER_KEY = "dev.sbx/server";
const MAX_NAME_LENGTH = 256;

/** A usable name of a definition of a server, or `undefined`. */
export function definedName(definition: JsonObject): string | undefined {
  const name = text(definition, "name");
  return name === undefined || name === "" || name.length > MAX_NAME_LENGTH ? undefined : name;
}

/**
 * Show a tool under its name in the scope: everything that its server said of it stays, but for tasks, which are not
 * passed on. `undefined` for what is no tool.
 */
export function presentTool(definition: JsonObject, { name, server }: { readonly name: string; readonly server: string }): JsonObject | undefined {
  const { execution, ...rest } = definition;
  if (!isObject(rest["inputSchema"])) return undefined;
  const kept = isObject(execution) ? Object.fromEntries(Object.entries(execution).filter(([key]) => key !== "taskSupport")) : {};
  return { ...tagged(rest, server), name, ...(Object.keys(kept).length > 0 ? { execution: kept } : {}) };
}

/** Put the name of its server on a definition, in `_meta`. */
export function tagged(definition: JsonObject, server: string): JsonObject {
  return { ...definition, _meta: { ...member(definition, "_meta"), [SERVER_KEY]: server } };
}

/** Show the URIs in a result (of embedded resources, links, contents) as the scope knows them. */
export function presentUris(result: JsonObject, shown: (uri: string) => string): JsonObject {
  const { content, contents, messages } = result;
  return {
    ...result,
    ...(isList(content) ? { content: content.map((item) => presentBlock(item, shown)) } : {}),
    ...(isList(contents) ? { contents: contents.map((item) => withUri(item, shown)) } : {}),
    ...(isList(messages) ? { messages: messages.map((item) => (isObject(item) && item["content"] !== undefined ? { ...item, content: presentBlock(item["content"], shown) } : item)) } : {}),
  };
}

function presentBlock(block: Json, shown: (uri: string) => string): Json {
  if (!isObject(block)) return block;
  if (block["type"] === "resource_link") return withUri(block, shown);
  if (block["type"] === "resource" && block["resource"] !== undefined) return { ...block, resource: withUri(block["resource"], shown) };
  return block;
}

function withUri(value: Json, shown: (uri: string) => string): Json {
  return isObject(value) && typeof value["uri"] === "string" ? { ...value, uri: shown(value["uri"]) } : value;
}
