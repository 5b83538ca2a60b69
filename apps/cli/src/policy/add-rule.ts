import type { RuleEffect } from "@sbx/contracts";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { show } from "../show.ts";
import type { PolicyOptions } from "./list-rules.ts";

export async function addRule(
  { daemon, io }: Context,
  effect: RuleEffect,
  { pattern, sandbox, note, json }: PolicyOptions & { readonly pattern: string; readonly note?: string | undefined },
): Promise<void> {
  const { client } = await daemon.connect();
  const result = await client.addRule({ effect, to: pattern, sandbox, note });
  show(io, json, {
    result,
    lines: (rule) => [
      `${rule.effect === "allow" ? "allowed" : "denied"}: ${cleanText(rule.to)} for ${sandbox === undefined ? "all sandboxes" : cleanText(sandbox)}, from now on (take it back with: sbx policy rm ${rule.id}${sandbox === undefined ? "" : ` --sandbox ${cleanText(sandbox)}`})`,
    ],
  });
}
