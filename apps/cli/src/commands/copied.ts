import { Command } from "@commander-js/extra-typings";
import type { MakeCommand } from "../command-table.ts";

const EXAMPLES = `
A program in a sandbox that would copy text, as with xclip or pbcopy, cannot: it leaves the text here. Nothing is put into this
machine's clipboard before you have seen the text and said yes: what is pasted into a shell may be run by it.

Examples:
  $ sbx copied claude-app`;

export const copiedCommand: MakeCommand = (context) =>
  new Command("copied")
    .description("See what a sandbox asks to have in this machine's clipboard, and take it")
    .argument("[sandbox]", "name or id (default: that of this directory)")
    .option("--json", "print the text as one JSON document, and take nothing")
    .addHelpText("after", EXAMPLES)
    .action(async (sandbox, { json }) => {
      const { takeText } = await import("../clipboard/take-text.ts");
      await takeText(context, sandbox, { json: json === true });
    });
