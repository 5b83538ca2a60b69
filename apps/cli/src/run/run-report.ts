import type { Event, Sandbox, WorkspaceReport } from "@sbx/contracts";
import { cleanText } from "../clean-text.ts";

const SHOWN = 3;

/** What to know before the agent sees the workspace, in at most five lines. */
export function noticeLines({ notices, skipped, model, name }: Sandbox): readonly string[] {
  const lines = notices.map(({ message }) => `sbx: ${cleanText(message)}`);
  if (model.source === "scripted") lines.push(`sbx: the model is the bundled scripted one; give a real key with: sbx secret set ${model.service}`);
  if (skipped.length > 0) lines.push(`sbx: left out of this agent's profile: ${cleanText(skipped.join(", "))}`);
  return lines.length <= 5 ? lines : [...lines.slice(0, 4), `sbx: and ${lines.length - 4} more; all of them: sbx inspect ${name}`];
}

/** What a run left behind, in a few lines; none when there is nothing to say. */
export function reportLines({ changed, truncated, runsOnHost }: WorkspaceReport, events: readonly Event[]): readonly string[] {
  const lines: string[] = [];
  if (truncated && changed.length === 0) lines.push("sbx: the workspace has more files than are looked at after a run, and none of those that were looked at changed");
  if (changed.length > 0)
    lines.push(
      `sbx: ${changed.length}${truncated ? " or more" : ""} ${changed.length === 1 ? "file" : "files"} changed: ${few(changed.map(({ path, change }) => (change === "modified" ? path : `${path} (${change})`)))}`,
    );
  if (runsOnHost.length > 0) lines.push(`sbx: look at these before you use them, they would run on this machine: ${few(runsOnHost.map(({ path, why }) => `${path} (${why})`))}`);
  const refused = refusals(events);
  if (refused.length > 0) lines.push(`sbx: the wall refused: ${few(refused)}`);
  const fix = events.findLast(({ type, fields }) => type === "egress.denied" && typeof fields["fix"] === "string")?.fields["fix"];
  // Without the host: a command that is ready to be pasted is what an agent would like to choose.
  if (fix !== undefined) lines.push(`sbx: to allow one of them: ${cleanText(String(fix)).replace(/ allow \S+/, " allow HOST")}`);
  return lines;
}

/** Destinations that were denied, the most frequent first, as `host:port ×3`. */
function refusals(events: readonly Event[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { type, fields } of events) {
    if (type !== "egress.denied") continue;
    const to = destinationOf(fields);
    counts.set(to, (counts.get(to) ?? 0) + 1);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a).map(([to, count]) => (count === 1 ? to : `${to} ×${count}`));
}

/** Where an egress event wanted to go, as people write it. */
export function destinationOf(fields: Event["fields"]): string {
  const host = String(fields["to"] ?? "?");
  return fields["port"] === undefined ? host : `${host}:${String(fields["port"])}`;
}

function few(items: readonly string[]): string {
  const shown = items.slice(0, SHOWN).map(cleanText).join(", ");
  return items.length > SHOWN ? `${shown} and ${items.length - SHOWN} more` : shown;
}
