import { Command } from "@commander-js/extra-typings";
import type { MakeCommand } from "../command-table.ts";

const EXAMPLES = `
CPU is a share of one processor. Traffic is what the wall let through; it and the tokens are counted since the daemon's start.

Examples:
  $ sbx stats
  $ sbx stats --no-stream --json claude-app`;

export const statsCommand: MakeCommand = (context) =>
  new Command("stats")
    .description("Watch what sandboxes use: processors, memory, processes, traffic, the model's tokens")
    .argument("[sandbox...]", "names or ids (default: those that run)")
    .option("--no-stream", "print once")
    .option("--json", "print JSON documents")
    .addHelpText("after", EXAMPLES)
    .action(async (refs, { stream, json }) => {
      const { showStats } = await import("../show-stats.ts");
      await showStats(context, refs, { live: stream, json: json === true });
    });
