import { Command } from "@commander-js/extra-typings";
import type { MakeCommand } from "../command-table.ts";
import { clipboardOption, detachKeysOption } from "../session/detach-keys.ts";

const EXAMPLES = `
Examples:
  $ sbx attach              the session of this directory's sandbox
  $ sbx attach claude-app`;

export const attachCommand: MakeCommand = (context, setExit) =>
  new Command("attach")
    .description("Come back to the running session of a sandbox")
    .argument("[sandbox]", "name or id (default: that of this directory)")
    .option("--session <id>", "which session, when several run")
    .addOption(detachKeysOption())
    .addOption(clipboardOption())
    .addHelpText("after", EXAMPLES)
    .action(async (ref, options) => {
      const { attachToSandbox } = await import("../session/attach-to-sandbox.ts");
      setExit(await attachToSandbox(context, ref, { ...options, clipboard: options.clipboard === true }));
    });
