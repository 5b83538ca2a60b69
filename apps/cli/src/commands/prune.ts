import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { EXIT } from "../exit-code.ts";
import { parseDuration } from "../option-values.ts";
import type { MakeCommand } from "../command-table.ts";

const EXAMPLES = `
Removes sandboxes that are stopped; "until" counts from when each was used last. A workspace is never touched. Without a label, images that
no sandbox and no template needs go too: those of "sbx install" always, those of agents with "until" and when they are older.

Examples:
  $ sbx prune --dry-run
  $ sbx prune --filter until=24h
  $ sbx prune --force --filter until=7d --filter label=ci`;

export const pruneCommand: MakeCommand = (context, setExit) =>
  new Command("prune")
    .description("Remove sandboxes that are stopped, with their homes, and images that nothing needs")
    .option("--filter <filter>", "until=TIME unused, or label=KEY[=VALUE] (repeat for more; all must hold)", collectPrune, nothing)
    .option("--dry-run", "only say which")
    .option("-f, --force", "do not ask")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async ({ filter, dryRun, force, json }) => {
      const { pruneSandboxes } = await import("../prune-sandboxes.ts");
      setExit((await pruneSandboxes(context, { filters: filter, dryRun: dryRun === true, force: force === true, json: json === true })) ? EXIT.done : EXIT.failed);
    });

/** What `--filter` of `sbx prune` takes. */
export type PruneFilter = { readonly kind: "until"; readonly ms: number } | { readonly kind: "label"; readonly key: string; readonly value: string | undefined };

const nothing: readonly PruneFilter[] = [];

function collectPrune(text: string, before: readonly PruneFilter[]): readonly PruneFilter[] {
  const [, kind, value = ""] = /^(until|label)=(.+)$/s.exec(text) ?? [];
  if (kind === undefined) throw new InvalidArgumentError("filter by until=24h or label=KEY[=VALUE].");
  if (kind === "until") return [...before, { kind: "until", ms: parseDuration(value) }];
  const at = value.indexOf("=");
  return [...before, { kind: "label", key: at === -1 ? value : value.slice(0, at), value: at === -1 ? undefined : value.slice(at + 1) }];
}
