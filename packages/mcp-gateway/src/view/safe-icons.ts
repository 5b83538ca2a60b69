import { isList, isObject, text, type Json, type JsonObject } from "../jsonrpc/json.ts";

/** From where clients get pictures by themselves: the internet, or the definition itself. */
const SAFE = new Set(["https:", "data:"]);

/** A definition without icons at other addresses: a client that shows them would open a file or ask this machine's own network. */
export function withSafeIcons(definition: JsonObject): JsonObject {
  const { icons } = definition;
  return isList(icons) ? { ...definition, icons: icons.filter(isSafe) } : definition;
}

function isSafe(icon: Json): boolean {
  return isObject(icon) && SAFE.has(URL.parse(text(icon, "src") ?? "")?.protocol ?? "");
}
