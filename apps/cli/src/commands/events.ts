import { Command } from "@commander-js/extra-typings";
import { parseDuration } from "../option-values.ts";
import type { MakeCommand } from "../command-table.ts";

export const eventsCommand: MakeCommand = (context) =>
  new Command("events")
    .description("Show what happened: what the wall let through and refused, sandboxes and sessions")
    .option("-f, --follow", "go on with what happens from now on")
    .option("--sandbox <name>", "of one sandbox")
    .option("--since <time>", "of the last 90s, 10m or 2h", parseDuration)
    .option("--json", "print one JSON document a line")
    .addHelpText("after", "\nExamples:\n  $ sbx events -f\n  $ sbx events --sandbox claude-app --since 1h --json | jq -c 'select(.type == \"egress.denied\")'")
    .action(async (options) => {
      await (await import("../show-events.ts")).showEvents(context, options);
    });
