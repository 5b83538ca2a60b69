import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { show } from "../show.ts";
import type { PolicyOptions } from "./list-rules.ts";
import { parseDestination } from "./parse-destination.ts";

/** Print the decision; true when it is to allow. */
export async function checkPolicy({ daemon, io }: Context, text: string, { sandbox, json }: PolicyOptions): Promise<boolean> {
  const destination = parseDestination(text);
  const { client } = await daemon.connect();
  const result = await client.checkPolicy({ destination, sandbox });
  show(io, json, { result, lines: ({ effect, reason }) => [`${effect === "allow" ? "allowed" : "denied"}: ${cleanText(reason)}`] });
  return result.effect === "allow";
}
