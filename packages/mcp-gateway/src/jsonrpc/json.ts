import type { Json, JsonObject } from "@sbx/contracts";
import { LargeText } from "../large/large-text.ts";

export type { Json, JsonObject } from "@sbx/contracts";

/** Tells an object of JSON from its other values; a text that is too large to be held is none. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof LargeText);
}

/** Reads a member as text, when it is text. */
export function text(object: JsonObject | undefined, key: string): string | undefined {
  const value = object?.[key];
  return typeof value === "string" ? value : undefined;
}

/** Reads a member as an object, when it is one. */
export function member(object: JsonObject | undefined, key: string): JsonObject | undefined {
  const value = object?.[key];
  return isObject(value) ? value : undefined;
}

/** Reads a member as a list of objects; what is no object is left out. */
export function objects(object: JsonObject | undefined, key: string): readonly JsonObject[] {
  const value: Json | undefined = object?.[key];
  return isList(value) ? value.filter((item) => isObject(item)) : [];
}

/** Tells a list of JSON from its other values. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
