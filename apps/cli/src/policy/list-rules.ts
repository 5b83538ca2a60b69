import type { Rule } from "@sbx/contracts";
import type { Context } from "../context.ts";
import { show, table } from "../show.ts";

export interface PolicyOptions {
  readonly sandbox?: string | undefined;
  readonly json?: true | undefined;
}

export async function listRules({ daemon, io }: Context, { sandbox, json }: PolicyOptions): Promise<void> {
  const { client } = await daemon.connect();
  const result = await client.listRules({ sandbox });
  show(io, json, { result, lines });
}

function lines(rules: readonly Rule[]): readonly string[] {
  if (rules.length === 0) return ["There is no rule: everything is denied but what an agent's profile allows. Add one with: sbx policy allow PATTERN"];
  return table(
    ["RULE", "EFFECT", "DESTINATION", "FROM", "NOTE"],
    rules.map(({ id, effect, to, layer, note }) => [id, effect, to, layer, note ?? ""]),
  );
}
