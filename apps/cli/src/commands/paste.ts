import { Command } from "@commander-js/extra-typings";
import type { MakeCommand } from "../command-table.ts";

const EXAMPLES = `
A sandbox cannot reach the clipboard of this machine. This gives it the image that is there now, or one of a file: PNG, JPEG, GIF or
WebP, 16 MiB at most. Its path in the sandbox is printed, for the agent to be told; agents that paste by Ctrl-V find it too, until
another one is given. Other sandboxes see nothing of it.

Examples:
  $ sbx paste                          into the sandbox of this directory
  $ sbx paste claude-app --file screenshot.png`;

export const pasteCommand: MakeCommand = (context) =>
  new Command("paste")
    .description("Give a sandbox the image that is in this machine's clipboard")
    .argument("[sandbox]", "name or id (default: that of this directory)")
    .option("--file <path>", "an image in a file, in place of the clipboard")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (sandbox, { file, json }) => {
      const { giveImage } = await import("../clipboard/give-image.ts");
      await giveImage(context, sandbox, { file, json: json === true });
    });
