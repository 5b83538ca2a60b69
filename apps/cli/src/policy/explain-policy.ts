import { ruleSubject, type Decision, type Event } from "@sbx/contracts";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { destinationOf } from "../run/run-report.ts";
import { show } from "../show.ts";
import type { PolicyOptions } from "./list-rules.ts";
import { parseDestination } from "./parse-destination.ts";

const SHOWN = 5;

/** Why a destination is allowed or denied, without any traffic, and the latest refusals that the record has. */
export async function explainPolicy({ daemon, io }: Context, text: string, { sandbox, json }: PolicyOptions): Promise<void> {
  const destination = parseDestination(text);
  const host = destination.kind === "name" ? destination.name : destination.address;
  const { client } = await daemon.connect();
  const [decision, events] = await Promise.all([client.checkPolicy({ destination, sandbox }), client.listEvents({ sandbox, limit: 10_000 })]);
  const refused = events.filter(({ type, fields }) => type === "egress.denied" && destinationOf(fields).replace(/:\d+$/, "") === host).slice(-SHOWN);
  show(io, json, { result: { destination, decision, refused }, lines: () => lines(decision, refused) });
}

function lines({ effect, reason, rule, fix }: Decision, refused: readonly Event[]): readonly string[] {
  return [
    `${effect === "allow" ? "allowed" : "denied"}: ${cleanText(reason)}`,
    ...(rule === undefined ? [] : [`  rule: ${rule.id} (${rule.effect} ${cleanText(ruleSubject(rule))}, from the ${rule.layer}${rule.note === undefined ? "" : `: ${cleanText(rule.note)}`})`]),
    ...(fix === undefined ? [] : [`  fix: ${cleanText(fix)}`]),
    ...refused.map(({ at, sandbox, fields }) => `  refused: ${at} ${sandbox ?? ""} ${cleanText(destinationOf(fields))} ${cleanText(String(fields["reason"] ?? ""))}`.trimEnd()),
  ];
}
