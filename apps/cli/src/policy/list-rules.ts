import { ruleSubject, type Rule } from "@sbx/contracts";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { show, table } from "../show.ts";

export interface PolicyOptions {
  readonly sandbox?: string | undefined;
  readonly json?: true | undefined;
}

/** A rule may also be one of an MCP server's. */
export interface RuleOptions extends PolicyOptions {
  readonly server?: string | undefined;
}

export async function listRules({ daemon, io }: Context, { sandbox, server, json }: RuleOptions): Promise<void> {
  const { client } = await daemon.connect();
  const result = await client.listRules({ sandbox, server });
  show(io, json, {
    result,
    lines: (rules) =>
      rules.length === 0 && server !== undefined
        ? [`You gave ${cleanText(server)} no rule: it reaches the hosts of its catalog entry. Add one with: sbx policy allow PATTERN --server ${cleanText(server)}`]
        : lines(rules),
  });
}

function lines(rules: readonly Rule[]): readonly string[] {
  if (rules.length === 0) return ["There is no rule: everything is denied but what an agent's profile allows. Add one with: sbx policy allow PATTERN"];
  return table(
    ["RULE", "EFFECT", "DESTINATION", "FROM", "NOTE"],
    rules.map((rule) => [rule.id, rule.effect, ruleSubject(rule), rule.layer, rule.note ?? ""]),
  );
}
