import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { show } from "../show.ts";
import type { PolicyOptions } from "./list-rules.ts";
import { destinationText, parseDestination } from "./parse-destination.ts";

/** Print the decision; true when it is to allow. */
export async function checkPolicy({ daemon, io }: Context, text: string, { sandbox, json }: PolicyOptions): Promise<boolean> {
  const destination = parseDestination(text);
  const { client } = await daemon.connect();
  const result = await client.checkPolicy({ destination, sandbox });
  show(io, json, { result, lines: ({ effect, reason, rule }) => [`${effect === "allow" ? "allowed" : "denied"}: ${destinationText(destination)}: ${cleanText(reason)}${rule === undefined ? "" : ` (rule ${rule.id})`}`] });
  return result.effect === "allow";
}
