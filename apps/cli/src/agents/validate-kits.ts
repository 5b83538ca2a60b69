import { AppError } from "@sbx/contracts/app-error";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { agentReference } from "./agent-reference.ts";

const OF_A_KIT: readonly string[] = ["KIT_INVALID", "KIT_UNSUPPORTED", "AGENT_UNKNOWN"];

/** Say of each Kit whether it can be carried out, and why not. Gives whether all can. */
export async function validateKits(context: Context, kits: readonly string[]): Promise<boolean> {
  const { client } = await context.daemon.connect();
  let valid = true;
  for (const kit of kits) {
    try {
      const { skipped } = await client.showAgent({ agent: agentReference(kit, context) });
      context.io.out(`${cleanText(kit)}: valid\n${skipped.map((text) => `  left out: ${cleanText(text)}\n`).join("")}`);
    } catch (error) {
      if (!AppError.is(error) || !OF_A_KIT.includes(error.code)) throw error;
      context.io.out(`${cleanText(kit)}: ${cleanText(error.message)}\n`);
      valid = false;
    }
  }
  return valid;
}
