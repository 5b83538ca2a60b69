import type { RuleEffect } from "@sbx/contracts";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { show } from "../show.ts";
import type { RuleOptions } from "./list-rules.ts";

export async function addRule(
  { daemon, io }: Context,
  effect: RuleEffect,
  { pattern, sandbox, server, note, json }: RuleOptions & { readonly pattern: string; readonly note?: string | undefined },
): Promise<void> {
  const { client } = await daemon.connect();
  const result = await client.addRule({ effect, to: pattern, sandbox, server, note });
  const { whom, scope } = scopeOf({ sandbox, server });
  show(io, json, {
    result,
    lines: (rule) => [`${rule.effect === "allow" ? "allowed" : "denied"}: ${cleanText(rule.to)} for ${whom}, from now on (take it back with: sbx policy rm ${rule.id}${scope})`],
  });
}

/** Whom a rule is for, in words and as options of a command. */
function scopeOf({ sandbox, server }: RuleOptions): { readonly whom: string; readonly scope: string } {
  if (server !== undefined) return { whom: `server ${cleanText(server)}`, scope: ` --server ${cleanText(server)}` };
  return sandbox === undefined ? { whom: "all sandboxes", scope: "" } : { whom: cleanText(sandbox), scope: ` --sandbox ${cleanText(sandbox)}` };
}
