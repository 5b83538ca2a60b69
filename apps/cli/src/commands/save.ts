import { Command, Option } from "@commander-js/extra-typings";
import { collect } from "../option-values.ts";
import type { MakeCommand } from "../command-table.ts";

const none: readonly string[] = [];
const SAVE_EXAMPLES = `
A template has the agent's image with the packages of "sbx install", and nothing of the home but what --home names. Even
there secrets, histories, caches, and files that shells, git and agents run by themselves are left out; one of them is
taken when it is named itself.

Examples:
  $ sbx save claude-app web
  $ sbx save claude-app web --home .local/share/pnpm --home tools
  $ sbx run --template web claude`;

/** What `sbx save` and `sbx template save` share. */
export const buildSaveCommand = (context: Parameters<MakeCommand>[0]) =>
  new Command("save")
    .description("Save what a sandbox is made of as a template, to start others from")
    .argument("<sandbox>", "name or id")
    .argument("<template>", "name of the template")
    .option("--home <path>", "take this path of the home along, . for all of it (repeat for more)", collect, none)
    .option("--replace", "take the place of a template of this name")
    .option("--json", "print one JSON document")
    .option("-q, --quiet", "no progress")
    .addOption(new Option("--output <file>").hideHelp())
    .addHelpText("after", SAVE_EXAMPLES)
    .action(async (sandbox, name, { output, ...options }) => {
      if (output !== undefined) throw await noFile();
      const { saveSandbox } = await import("../template/save-sandbox.ts");
      await saveSandbox(context, { sandbox, name, ...options });
    });

async function noFile(): Promise<Error> {
  const { AppError } = await import("@sbx/contracts/app-error");
  return new AppError("PLATFORM_UNSUPPORTED", { message: "Templates are kept in the container engine, and not written to files", fix: "Leave --output out." });
}

export const saveCommand: MakeCommand = (context) => buildSaveCommand(context);
