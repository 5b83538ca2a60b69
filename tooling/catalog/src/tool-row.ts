import type { ServerTool } from "@sbx/contracts";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import type { ListedTool } from "./list-tools.ts";

const MAX_DESCRIPTION = 160;

/**
 * A tool as a catalog tells of it. `tokens` is measured on the JSON of name, description and input schema, which is what
 * an agent hands to its model, with the tokens of o200k_base; other models count a little differently.
 */
export function toolRow({ name, description, inputSchema }: ListedTool): ServerTool {
  const tokens = countTokens(JSON.stringify({ name, ...(description === undefined ? {} : { description }), inputSchema }));
  const shown = description === undefined ? "" : firstSentence(description);
  return { name, ...(shown === "" ? {} : { description: shown }), tokens };
}

/** The first sentence of the first paragraph, or as much of it as has room. */
function firstSentence(text: string): string {
  const [paragraph = ""] = text.trim().split(/\n\s*\n/);
  const line = paragraph.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, " ").trim();
  const sentence = /^.+?[.!?](?=\s|$)/u.exec(line)?.[0] ?? line;
  return sentence.length > MAX_DESCRIPTION ? `${sentence.slice(0, MAX_DESCRIPTION - 1).trimEnd()}…` : sentence;
}
