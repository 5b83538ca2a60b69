import { Command } from "@commander-js/extra-typings";
import type { MakeCommand } from "../command-table.ts";

export const versionCommand: MakeCommand = ({ io, version }) =>
  new Command("version")
    .description("Print the version")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  $ sbx version --json")
    .action(({ json }) => {
      io.out(json === true ? `${JSON.stringify({ version, node: process.versions.node, platform: process.platform, arch: process.arch }, null, 2)}\n` : `sbx ${version}\n`);
    });
