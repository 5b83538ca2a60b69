import { Command } from "@commander-js/extra-typings";
import type { MakeCommand } from "../command-table.ts";

export const renameCommand: MakeCommand = ({ daemon, io }) =>
  new Command("rename")
    .description("Give a sandbox another name; everything else of it stays")
    .argument("<sandbox>", "name or id")
    .argument("<name>", "its new name")
    .addHelpText("after", "\nExamples:\n  $ sbx rename claude-app review")
    .action(async (sandbox, name) => {
      const { client } = await daemon.connect();
      io.out(`${(await client.renameSandbox({ sandbox, name })).name}\n`);
    });
