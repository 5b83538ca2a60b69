import { parseJson, type JsonObject } from "@sbx/contracts";
import type { ServerLists } from "@sbx/mcp-gateway";
import * as z from "zod";

const MOST_DEFINITIONS = 5000;

/** An object of JSON, as a server said it: what it means is looked at where it is shown. */
const Definition = z.custom<JsonObject>((value) => typeof value === "object" && value !== null && !Array.isArray(value));
const Definitions = z.array(Definition).max(MOST_DEFINITIONS);

/** What a file of lists holds. */
const ListsFile = z.strictObject({
  version: z.literal(1),
  lists: z.strictObject({ capabilities: Definition, instructions: z.string().optional(), tools: Definitions, prompts: Definitions, resources: Definitions, templates: Definitions }),
});

/** Write lists as a file's text. */
export function listsText(lists: ServerLists): string {
  return `${JSON.stringify({ version: 1, lists })}\n`;
}

/** Read a file's text as lists, from their known parts alone. `undefined` for anything else. */
export function parseLists(text: string): ServerLists | undefined {
  try {
    const { instructions, ...lists } = ListsFile.parse(parseJson(text)).lists;
    return { ...lists, ...(instructions === undefined ? {} : { instructions }) };
  } catch {
    return undefined;
  }
}
