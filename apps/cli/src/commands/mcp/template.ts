import { Command } from "@commander-js/extra-typings";
import { formatOption, jsonOption, withExamples } from "../../mcp/present.ts";
import { collect } from "../../option-values.ts";
import type { MakeCommand } from "../../command-table.ts";

/** Templates: profiles to begin with. */
export const templateCommand: MakeCommand = (context) => {
  const list = new Command("list").alias("ls").description("List the templates").addOption(formatOption()).addOption(jsonOption());
  const use = new Command("use")
    .description("Make a profile from a template")
    .argument("<template>", "its id")
    .option("--name <name>", "how the profile is called")
    .option("--id <id>", "its id")
    .option("--connect <client>", "a client that shall use it (sbx mcp client ls --global); repeatable", collect, [])
    .addOption(jsonOption());
  const command = new Command("template")
    .description("Begin profiles with servers that belong together")
    .addCommand(
      withExamples(list, "template list").action(async (options) => {
        const [{ TEMPLATES }, { present }, { table }] = await Promise.all([import("../../mcp/templates.ts"), import("../../mcp/present.ts"), import("../../show.ts")]);
        await present(context.io, options, {
          result: TEMPLATES,
          lines: (all) =>
            table(
              ["ID", "TITLE", "SERVERS"],
              all.map(({ id, title, servers }) => [id, title, servers.join(", ")]),
            ),
        });
      }),
    )
    .addCommand(
      withExamples(use, "template use ai-coding").action(async (fromTemplate, options) => {
        await (await import("../../mcp/profiles.ts")).createProfile(context, { ...options, fromTemplate, server: [] });
      }),
    );
  return withExamples(command, "template list", "template use ai-coding");
};
