import { isList, isObject, type Json } from "../jsonrpc/json.ts";
import { LargeText } from "../large/large-text.ts";

/** About how many characters a value takes as JSON, without writing it. Depth is bounded where values are read. */
export function jsonBytes(value: Json): number {
  if (typeof value === "string") return value.length + 2;
  if (isList(value)) return value.reduce((total: number, item) => total + jsonBytes(item) + 1, 2);
  if (isObject(value)) {
    let total = 2;
    for (const [name, item] of Object.entries(value)) total += name.length + 4 + jsonBytes(item);
    return total;
  }
  const other: unknown = value;
  return other instanceof LargeText ? other.characters : 8;
}
