import { Command } from "@commander-js/extra-typings";
import type { TemplateView } from "@sbx/contracts";
import { foreignTemplateCommands } from "../foreign-commands.ts";
import type { MakeCommand } from "../command-table.ts";
import { show, table } from "../show.ts";
import { buildSaveCommand } from "./save.ts";

export const templateCommand: MakeCommand = (context) => {
  const { daemon, io } = context;
  const command = new Command("template").description("Look at templates, which sandboxes can be started from, and remove them");
  command.addCommand(
    new Command("ls")
      .alias("list")
      .description("List the templates")
      .option("--json", "print one JSON document")
      .option("-q, --quiet", "print names only")
      .addHelpText("after", "\nExamples:\n  $ sbx template ls\n  $ sbx run --template web claude")
      .action(async ({ json, quiet }) => {
        const { client } = await daemon.connect();
        show(io, json, { result: await client.listTemplates({}), lines: quiet === true ? (all) => all.map(({ name }) => name) : lines });
      }),
  );
  command.addCommand(buildSaveCommand(context));
  command.addCommand(
    new Command("rm")
      .description("Remove templates; sandboxes that are made of one keep it")
      .argument("<template...>", "names")
      .addHelpText("after", "\nExamples:\n  $ sbx template rm web")
      .action(async (names) => {
        const { client } = await daemon.connect();
        for (const template of names) {
          await client.removeTemplate({ template });
          io.out(`${template}\n`);
        }
      }),
  );
  for (const foreign of foreignTemplateCommands()) command.addCommand(foreign, { hidden: true });
  return command.addHelpText("after", "\nExamples:\n  $ sbx save claude-app web\n  $ sbx template ls\n  $ sbx run --template web claude");
};

function lines(all: readonly TemplateView[]): readonly string[] {
  if (all.length === 0) return ["There is no template. Save one with: sbx save SANDBOX NAME"];
  return table(
    ["NAME", "AGENT", "CREATED", "PACKAGES", "HOME"],
    all.map(({ name, agent, createdAt, packages, home }) => [name, agent, createdAt.slice(0, 16).replace("T", " "), packages.join(" "), home.join(" ")]),
  );
}
