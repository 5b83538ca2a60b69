import { Command, Option } from "@commander-js/extra-typings";
import { escapeHidden } from "../clean-text.ts";
import type { MakeCommand } from "../command-table.ts";

export const inspectCommand: MakeCommand = (context) =>
  new Command("inspect")
    .description("Print all that is known of sandboxes, as JSON")
    .argument("[sandbox...]", "names or ids (default: that of this directory)")
    .addOption(new Option("--format <format>").choices(["json"]).hideHelp())
    .option("--json", "print JSON, which it always does")
    .addHelpText("after", "\nExamples:\n  $ sbx inspect\n  $ sbx inspect claude-app | jq '.[0].protected'")
    .action(async (refs) => {
      const { findSandbox } = await import("../find-sandbox.ts");
      const { client } = await context.daemon.connect();
      const wanted: readonly (string | undefined)[] = refs.length === 0 ? [undefined] : refs;
      const found = await Promise.all(wanted.map((ref) => findSandbox(client, ref, context)));
      context.io.out(`${escapeHidden(JSON.stringify(found, null, 2))}\n`);
    });
