import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../../context.ts";
import { formatOption, jsonOption, withExamples } from "../../mcp/present.ts";
import { refusedCommand, refuseOptions } from "../../mcp/refused-command.ts";
import { collect } from "../../option-values.ts";
import type { MakeCommand } from "../../command-table.ts";
import { profileContentCommands } from "./profile-content.ts";
import { profileProjectCommands } from "./profile-project.ts";

const NO_REGISTRY = { message: "Profiles are not kept in registries by this version of sbx", fix: "Share the file: sbx mcp profile export ID FILE, and there: sbx mcp profile import FILE" };

/** Profiles: named sets of servers. */
export const profileCommand: MakeCommand = (context) => {
  const command = new Command("profile").description("Keep named sets of servers; default is what is enabled");
  const children = [
    createCommand(context),
    lsCommand(context),
    showCommand(context),
    rmCommand(context),
    exportCommand(context),
    importCommand(context),
    ...profileContentCommands(context),
    ...profileProjectCommands(context),
  ];
  for (const child of children) command.addCommand(child);
  for (const name of ["push", "pull"]) command.addCommand(refusedCommand(name, NO_REGISTRY), { hidden: true });
  command.addCommand(
    refusedCommand("manual-instructions", { message: "The command to give to a client is: sbx mcp gateway run --profile ID", fix: "Put that command into the client's configuration of MCP servers." }),
    { hidden: true },
  );
  return withExamples(command, "profile create --name Work --server fetch", "profile ls", "gateway run --profile work");
};

function createCommand(context: Context): CommandUnknownOpts {
  const command = new Command("create")
    .description("Make a profile")
    .option("--name <name>", "how it is called for people")
    .option("--id <id>", "how it is called on command lines (default: made of the name)")
    .option("--server <uri>", "a server by name or address; repeatable", collect, [])
    .option("--from-template <id>", "servers of a template (sbx mcp template list)")
    .option("--connect <client>", "a client that shall use it (sbx mcp client ls --global); repeatable", collect, [])
    .addOption(jsonOption());
  return withExamples(command, "profile create --name Work --server fetch --server time").action(async (options) => {
    await (await import("../../mcp/profiles.ts")).createProfile(context, options);
  });
}

function lsCommand(context: Context): CommandUnknownOpts {
  const command = new Command("ls").alias("list").description("List the profiles").addOption(formatOption()).addOption(jsonOption());
  return withExamples(command, "profile ls --format json").action(async (options) => {
    await (await import("../../mcp/profiles.ts")).listProfiles(context, options);
  });
}

function showCommand(context: Context): CommandUnknownOpts {
  const command = new Command("show").description("Show a profile, in Docker's form").argument("<id>", "its id").addOption(formatOption()).addOption(jsonOption());
  refuseOptions(command, {
    "--clients": { message: "Which clients use a profile is not looked up", fix: "Look into the clients' own files for: sbx mcp gateway run --profile ID" },
    "--yq <expression>": { message: "There is no query language here", fix: "Print JSON and use jq: sbx mcp profile show ID --format json | jq EXPRESSION" },
  });
  return withExamples(command, "profile show work").action(async (id, options) => {
    await (await import("../../mcp/profiles.ts")).showProfile(context, id, options);
  });
}

function rmCommand({ daemon, io }: Context): CommandUnknownOpts {
  const command = new Command("rm").alias("remove").description("Remove profiles").argument("<id...>", "their ids");
  return withExamples(command, "profile rm work").action(async (ids) => {
    const { client } = await daemon.connect();
    for (const profile of ids) {
      await client.removeProfile({ profile });
      io.out(`Removed profile ${profile}\n`);
    }
  });
}

function exportCommand(context: Context): CommandUnknownOpts {
  const command = new Command("export")
    .description("Write a profile to a file, in Docker's form")
    .argument("<id>", "its id")
    .argument("<file>", "where to; JSON when it ends with .json")
    .option("--force", "replace the file");
  return withExamples(command, "profile export work ./work.yaml").action(async (id, file, { force }) => {
    await (await import("../../mcp/profiles.ts")).exportProfile(context, id, { file, force: force === true });
  });
}

function importCommand(context: Context): CommandUnknownOpts {
  const command = new Command("import").description("Keep a profile from a file").argument("<file>", "as Docker's tools or sbx export it").option("--force", "replace the one with its id");
  return withExamples(command, "profile import ./work.yaml").action(async (file, { force }) => {
    await (await import("../../mcp/profiles.ts")).importProfile(context, file, force === true);
  });
}
