import type { ServerEntry } from "@sbx/contracts";
import { isList, isObject, member, type Json, type JsonObject } from "../jsonrpc/json.ts";

const MASK = "********";
/** Names of settings that hold what only their owner should see, whatever their schema says. */
const SECRET_LIKE = /pass(?:word|wd|phrase)?|secret|token|api[_-]?key|credential|private[_-]?key|connection[_-]?string|auth/i;

/** Show a configuration without the values that are, or could be, secrets. */
export function maskConfig(entry: ServerEntry, config: JsonObject): JsonObject {
  return masked(
    config,
    // The catalog's schemas are JSON; each describes a part of the configuration.
    entry.config.map((schema) => schema as JsonObject),
  );
}

function masked(value: JsonObject, schemas: readonly JsonObject[]): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]): [string, Json] => {
      const own = schemas.map((schema) => member(member(schema, "properties"), key)).filter((schema) => schema !== undefined);
      return [key, SECRET_LIKE.test(key) || own.some(isMarked) ? MASK : maskedItem(item, own)];
    }),
  );
}

function maskedItem(item: Json, schemas: readonly JsonObject[]): Json {
  if (isObject(item)) return masked(item, schemas);
  const items = schemas.map((schema) => member(schema, "items")).filter((schema) => schema !== undefined);
  if (isList(item)) return item.map((one) => maskedItem(one, items));
  return item;
}

function isMarked(schema: JsonObject): boolean {
  return schema["format"] === "password" || schema["writeOnly"] === true || schema["isSecret"] === true || schema["secret"] === true || schema["sensitive"] === true;
}
