import { execFileSync } from "node:child_process";
import { Event } from "@sbx/contracts";

export interface SummaryFacts {
  readonly agent: string;
  /** The sandbox's. */
  readonly name: string;
  readonly project: string;
  readonly projectPath: string;
  readonly seconds: number;
  /** Where credentials lie on machines like this, and whether they do here. */
  readonly paths: readonly { readonly path: string; readonly onHost: boolean }[];
  /** Those of the paths that exist inside the sandbox. */
  readonly visible: readonly string[];
  /** What `sbx events --json` printed. */
  readonly events: string;
}

/** The screenful at the end: what the agent did, what it could not see, what was refused, what to type next. */
export function summary(facts: SummaryFacts): string {
  const changed = execFileSync("git", ["status", "--porcelain"], { cwd: facts.projectPath, encoding: "utf8" })
    .split("\n")
    .filter((line) => line !== "");
  const events = readEvents(facts.events);
  const denied = [...new Set(events.filter(({ type }) => type === "egress.denied").map(({ fields }) => `${String(fields["to"])}: ${String(fields["reason"])}`))];
  const used = events.filter(({ type }) => type === "model.used");
  const tokens = used.reduce((sum, { fields }) => sum + Number(fields["inputTokens"] ?? 0) + Number(fields["outputTokens"] ?? 0), 0);
  const here = facts.paths.filter(({ onHost }) => onHost).map(({ path }) => path);
  return [
    "",
    `What ${facts.agent} did, in ${facts.seconds.toFixed(1)} s`,
    ...(changed.length === 0 ? ["  no file changed"] : changed.map((line) => `  ${line.slice(3)} (${line.startsWith("??") ? "added" : "changed"})`)),
    `  ${used.length} calls of the model, ${tokens} tokens; the key stayed outside`,
    "What it could not see",
    `  ${facts.paths.length - facts.visible.length} of ${facts.paths.length} places where credentials lie${here.length === 0 ? "" : `, among them yours: ${here.join(", ")}`}`,
    ...(facts.visible.length === 0 ? [] : [`  visible inside, but the sandbox's own: ${facts.visible.join(", ")}`]),
    "What the wall refused",
    ...(denied.length === 0 ? ["  nothing was tried"] : denied.map((line) => `  ${line}`)),
    "Next",
    `  npx sbx run ${facts.agent}          in a project of yours; ctrl-p ctrl-q leaves the session, npx sbx attach comes back`,
    "  npx sbx events -f           watch what the wall sees",
    `  npx sbx rm --force ${facts.name}   take the sandbox of this demonstration away`,
  ].join("\n");
}

/** One event a line. */
function readEvents(text: string): readonly Event[] {
  return text.split("\n").flatMap((line) => (line === "" ? [] : (Event.safeParse(JSON.parse(line)).data ?? [])));
}
