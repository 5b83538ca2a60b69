import { Command } from "@commander-js/extra-typings";
import type { MakeCommand } from "../command-table.ts";

export const logsCommand: MakeCommand = (context) =>
  new Command("logs")
    .description("Print the last output of a session, at most 256 KiB")
    .argument("[sandbox|session]", "a sandbox, for its newest session, or a session's id (default: sandbox of this directory)")
    .addHelpText("after", "\nExamples:\n  $ sbx logs\n  $ sbx logs claude-app | less -R")
    .action(async (ref) => {
      const { readSessionLog } = await import("../session/read-session-log.ts");
      context.io.out(await readSessionLog(context, ref));
    });
