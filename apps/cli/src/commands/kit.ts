import { Command, Option, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { collectArgument } from "../agents/kit-arguments.ts";
import { cleanText, escapeHidden } from "../clean-text.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { collect } from "../option-values.ts";
import type { MakeCommand, SetExit } from "../command-table.ts";
import { show, table } from "../show.ts";
import { listAgentsCommand, showAgentCommand } from "./agents.ts";

export const kitCommand: MakeCommand = (context, setExit) =>
  new Command("kit")
    .description("Look at Kits, which agents are made of, and add your own")
    .addCommand(listAgentsCommand(context, { description: "List the Kits", example: "sbx kit ls", mixins: true }))
    .addCommand(inspectCommand(context))
    .addCommand(validateCommand(context, setExit))
    .addCommand(addCommand(context))
    .addCommand(selectionCommand(context))
    .addCommand(sharedCommand(context))
    .addHelpText("after", "\nExamples:\n  $ sbx kit validate ./my-agent-kit\n  $ sbx kit add ./my-agent-kit");

const none: readonly string[] = [];
const noArguments: Readonly<Record<string, string>> = {};

function inspectCommand(context: Context): CommandUnknownOpts {
  return showAgentCommand(context, { name: "inspect", description: "Show what a Kit means here, or what several together come to", example: "sbx kit inspect claude --kit ./my-tools" })
    .option("--kit <name or directory>", "a mixin over the agent (repeat for more)", collect, none)
    .addOption(new Option("--arg <name=value>", "an argument of the Kits (repeat for more)").argParser(collectArgument).default(noArguments, "none"));
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

function selectionCommand(context: Context): CommandUnknownOpts {
  return new Command("selection")
    .description("Print what was taken of a sandbox's Kits and what was left out, and what they are granted, as JSON")
    .argument("[sandbox]", "name or id (default: that of this directory)")
    .option("--json", "print JSON, which it always does")
    .addHelpText("after", "\nExamples:\n  $ sbx kit selection claude-app | jq .selection.skipped")
    .action(async (ref) => {
      const { findSandbox } = await import("../find-sandbox.ts");
      const { client } = await context.daemon.connect();
      const { id } = await findSandbox(client, ref, context);
      context.io.out(`${escapeHidden(JSON.stringify(await client.inspectSelection({ sandbox: id }), null, 2))}\n`);
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

function sharedCommand({ daemon, io }: Context): CommandUnknownOpts {
  return new Command("shared")
    .description("See directories that Kits share among their sandboxes, and remove them")
    .addCommand(
      new Command("ls")
        .description("List them: whose each is, its place in sandboxes, and where it lies")
        .option("--json", "print one JSON document")
        .addHelpText("after", "\nExamples:\n  $ sbx kit shared ls")
        .action(async ({ json }) => {
          const { client } = await daemon.connect();
          show(io, json, {
            result: await client.listShared({}),
            lines: (all) =>
              all.length === 0
                ? ["Nothing is shared. A Kit that asks for it is allowed to by: sbx run --share PATH"]
                : table(
                    ["ID", "KIT", "PATH", "DIRECTORY"],
                    all.map(({ id, kit, path, directory }) => [id, kit, path, directory].map(cleanText)),
                  ),
          });
        }),
    )
    .addCommand(
      new Command("rm")
        .description("Remove them with all that is in them")
        .argument("<id...>", "as ls shows them")
        .addHelpText("after", "\nExamples:\n  $ sbx kit shared rm 0123456789abcdef")
        .action(async (ids) => {
          const { client } = await daemon.connect();
          for (const id of ids) {
            await client.removeShared({ id });
            io.out(`${id}\n`);
          }
        }),
    )
    .addHelpText("after", "\nExamples:\n  $ sbx kit shared ls");
}
