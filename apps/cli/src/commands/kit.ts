import { Command, Option, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { collectArgument } from "../agents/kit-arguments.ts";
import { cleanText } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { collect } from "../option-values.ts";
import type { MakeCommand, SetExit } from "../program.ts";
import { listAgentsCommand, showAgentCommand } from "./agents.ts";

export const kitCommand: MakeCommand = (context, setExit) =>
  new Command("kit")
    .description("Look at Kits, which agents are made of, and add your own")
    .addCommand(listAgentsCommand(context, { description: "List the Kits", example: "sbx kit ls", mixins: true }))
    .addCommand(inspectCommand(context))
    .addCommand(validateCommand(context, setExit))
    .addCommand(addCommand(context))
    .addHelpText("after", "\nExamples:\n  $ sbx kit validate ./my-agent-kit\n  $ sbx kit add ./my-agent-kit");

const none: readonly string[] = [];
const noArguments: Readonly<Record<string, string>> = {};

function inspectCommand(context: Context): CommandUnknownOpts {
  return showAgentCommand(context, { name: "inspect", description: "Show what a Kit means here, or what several together come to", example: "sbx kit inspect claude --kit ./my-tools" })
    .option("--kit <name or directory>", "a mixin over the agent (repeat for more)", collect, none)
    .addOption(new Option("--arg <name=value>", "an argument of the Kits (repeat for more)").argParser(collectArgument).default(noArguments));
}

function validateCommand(context: Context, setExit: SetExit): CommandUnknownOpts {
  return new Command("validate")
    .description("Say whether Kits keep to the format and can be carried out here; ends with 1 when one does not")
    .argument("<kit...>", "directories of Kits, or names of agents")
    .addHelpText("after", "\nExamples:\n  $ sbx kit validate ./my-agent-kit")
    .action(async (kits) => {
      const { validateKits } = await import("../agents/validate-kits.ts");
      if (!(await validateKits(context, kits))) setExit(EXIT.no);
    });
}

function addCommand(context: Context): CommandUnknownOpts {
  return new Command("add")
    .description("Bring a Kit to your own agents, when it can be carried out")
    .argument("<kit>", "directory of a Kit, or an image: a directory in OCI's layout, or an archive of one")
    .option("--name <name>", "what the agent is called (default: as the directory)")
    .option("--force", "replace one of that name")
    .addHelpText("after", "\nExamples:\n  $ sbx kit add ./my-agent-kit --name mine\n  $ docker save maker/kit -o kit.tar && sbx kit add kit.tar --name theirs")
    .action(async (kit, { name, force }) => {
      const { addKit } = await import("../agents/place-kit.ts");
      const added = await addKit(context, kit, { name, replace: force === true });
      context.io.out(`${cleanText(added.name)}: added. Run it with: sbx run ${cleanText(added.name)}\n`);
    });
}
