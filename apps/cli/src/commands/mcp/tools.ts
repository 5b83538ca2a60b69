import { Command, Option, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../../context.ts";
import { jsonOption, withExamples } from "../../mcp/present.ts";
import { collect } from "../../option-values.ts";
import type { MakeCommand, SetExit } from "../../command-table.ts";

/** Tools: what the enabled servers offer. */
export const toolsCommand: MakeCommand = (context, setExit) => {
  const command = new Command("tools")
    .description("See, try and choose the tools of the enabled servers")
    .addCommand(lsCommand(context))
    .addCommand(countCommand(context))
    .addCommand(inspectCommand(context))
    .addCommand(callCommand(context, setExit))
    .addCommand(chooseCommand(context, "enable"))
    .addCommand(chooseCommand(context, "disable"));
  return withExamples(command, "tools ls", "tools call echo message=hi", "tools disable echo");
};

/** Docker's own options for the gateway that its commands start; here one runs already. */
function addToolOptions<C extends CommandUnknownOpts>(command: C): C {
  command
    .option("--profile <id>", "a profile in place of what is enabled")
    .addOption(new Option("--format <format>", "list or json").choices(["list", "json"]).default("list"))
    .addOption(jsonOption())
    .addOption(new Option("--gateway-arg <argument>", "--servers=A,B or --profile=ID, for this command").argParser(collect).default([]).hideHelp())
    .addOption(new Option("--version <version>", "has no meaning here").choices(["1", "2"]).hideHelp())
    .addOption(new Option("--verbose", "has no meaning here").hideHelp());
  return command;
}

function lsCommand(context: Context): CommandUnknownOpts {
  const command = addToolOptions(new Command("ls").alias("list").description("List the tools"));
  return withExamples(command, "tools ls", "tools ls --format json").action(async (options) => {
    await (await import("../../mcp/tools.ts")).listTools(context, options);
  });
}

function countCommand(context: Context): CommandUnknownOpts {
  const command = addToolOptions(new Command("count").description("Count the tools"));
  return withExamples(command, "tools count").action(async (options) => {
    await (await import("../../mcp/tools.ts")).countTools(context, options);
  });
}

function inspectCommand(context: Context): CommandUnknownOpts {
  const command = addToolOptions(new Command("inspect").description("Show one tool").argument("<tool>", "its name"));
  return withExamples(command, "tools inspect echo --format json").action(async (tool, options) => {
    await (await import("../../mcp/tools.ts")).inspectTool(context, tool, options);
  });
}

function callCommand(context: Context, setExit: SetExit): CommandUnknownOpts {
  const command = addToolOptions(
    new Command("call")
      .description("Call a tool, and print what it gives; exit code 1 when it failed")
      .argument("<tool>", "its name")
      .argument("[arguments...]", "KEY=VALUE; a value that is JSON is taken as such"),
  );
  return withExamples(command, "tools call echo message=hi", "tools call get_sum a=1 b=2").action(async (tool, args, options) => {
    setExit(await (await import("../../mcp/tools.ts")).callTool(context, { tool, args, ...options }));
  });
}

function chooseCommand(context: Context, verb: "enable" | "disable"): CommandUnknownOpts {
  const command = new Command(verb)
    .description(verb === "enable" ? "Offer tools of enabled servers" : "Keep tools back: no agent and no client sees them")
    .argument("<tool...>", "their names, as the server calls them")
    .option("--server <server>", "the server that has them")
    .option("--profile <id>", "a profile in place of what is enabled");
  return withExamples(command, `tools ${verb} echo --server everything`).action(async (tools, options) => {
    await (await import("../../mcp/tools.ts")).chooseTools(context, tools, { ...options, offer: verb === "enable" });
  });
}
