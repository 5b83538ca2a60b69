import { isList, isObject, type Json } from "../jsonrpc/json.ts";
import { LargeText } from "../large/large-text.ts";

const VALUE_BYTES = 32;

/** About what a value takes in memory: many small ones take more than they have characters. */
export function jsonWeight(value: Json): number {
  return jsonBytes(value) + VALUE_BYTES * valuesIn(value);
}

function valuesIn(value: Json): number {
  const inside = isList(value) ? value : isObject(value) ? Object.values(value) : [];
  return inside.reduce((total: number, item) => total + valuesIn(item), 1);
}

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
