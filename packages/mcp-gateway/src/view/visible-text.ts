import { isList, isObject, type Json, type JsonObject } from "../jsonrpc/json.ts";

/** Members that people and models read; all others are data, which stays as it is. */
const READ = new Set(["description", "title", "message"]);
/** Values of these are data, whatever the names in them are. */
const DATA = new Set(["default", "const", "enum", "examples", "_meta"]);

/**
 * A text without what is not seen: control characters but tabs and line ends, marks that turn the direction of text, and characters
 * that hide words from a person and not from a model. Those that join letters stay.
 */
export function visibleText(text: string): string {
  return text.replaceAll(/\r\n?|[\u2028\u2029]/g, "\n").replaceAll(/(?![\n\t\u200C\u200D])[\p{Cc}\p{Cf}]/gu, "");
}

/** The same of all that people and models read in a definition or a question of a server, also in its schema. */
export function visibleDefinition(definition: JsonObject): JsonObject {
  const kept = visible(definition);
  return isObject(kept) ? kept : definition;
}

function visible(value: Json): Json {
  if (isList(value)) return value.map(visible);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, visibleMember(name, item)]));
}

function visibleMember(name: string, item: Json): Json {
  if (name === "enumNames" && isList(item)) return item.map((one) => (typeof one === "string" ? visibleText(one) : one));
  if (typeof item === "string") return READ.has(name) ? visibleText(item) : item;
  return DATA.has(name) ? item : visible(item);
}
