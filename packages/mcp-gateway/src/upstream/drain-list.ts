import { objects, text, type JsonObject } from "../jsonrpc/json.ts";
import type { GatewayLimits } from "../limits.ts";
import { jsonWeight } from "./json-bytes.ts";

/** Asks one page of a list. */
export type AskPage = (params: JsonObject | undefined) => Promise<JsonObject>;

/**
 * Read all pages of a server's list. A server that lies (pages without end, one page again and again, too much) gets
 * what it said so far taken, and no more.
 */
export async function drainList(key: string, ask: AskPage, limits: Pick<GatewayLimits, "listPages" | "listItems" | "listBytes">): Promise<readonly JsonObject[]> {
  const items: JsonObject[] = [];
  const cursors = new Set<string>();
  let cursor: string | undefined;
  let bytes = 0;
  for (let page = 0; page < limits.listPages; page += 1) {
    const result = await ask(cursor === undefined ? undefined : { cursor });
    for (const item of objects(result, key)) {
      bytes += jsonWeight(item);
      if (bytes > limits.listBytes || items.length >= limits.listItems) return items;
      items.push(item);
    }
    cursor = text(result, "nextCursor");
    if (cursor === undefined || cursor === "" || cursors.has(cursor)) return items;
    cursors.add(cursor);
  }
  return items;
}
