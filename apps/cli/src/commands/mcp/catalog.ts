import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../../context.ts";
import { formatOption, jsonOption, withExamples } from "../../mcp/present.ts";
import { refusedCommand, refuseOptions } from "../../mcp/refused-command.ts";
import { collect } from "../../option-values.ts";
import type { MakeCommand } from "../../command-table.ts";
import { catalogEditCommands } from "./catalog-edit.ts";
import { catalogMoveCommands } from "./catalog-move.ts";
import { catalogServerCommand } from "./catalog-server.ts";

/** Catalogs: lists of servers that can be enabled. */
export const catalogCommand: MakeCommand = (context) => {
  const command = new Command("catalog").description("See and keep catalogs of servers");
  const children = [lsCommand(context), showCommand(context), createCommand(context), ...catalogEditCommands(context), ...catalogMoveCommands(context), catalogServerCommand(context)];
  for (const child of children) command.addCommand(child);
  command.addCommand(
    refusedCommand("bootstrap", { message: "There is no starter file here: a catalog of your own begins with a copy", fix: "Copy one, or a part of it: sbx mcp catalog fork NAME MINE" }),
    { hidden: true },
  );
  return withExamples(command, "catalog ls", "catalog import ./team-catalog.yaml", "catalog pull registry.example.org/team/catalog:1");
};

function lsCommand(context: Context): CommandUnknownOpts {
  const command = new Command("ls").alias("list").description("List the catalogs, the weakest first").addOption(formatOption()).addOption(jsonOption());
  return withExamples(command, "catalog ls", "catalog ls --format json").action(async (options) => {
    await (await import("../../mcp/catalogs.ts")).listCatalogs(context, options);
  });
}

function showCommand(context: Context): CommandUnknownOpts {
  const command = new Command("show")
    .description("Show the servers of a catalog")
    .argument("[catalog]", "its name (default: the one that comes with sbx)")
    .option("--pull <when>", "missing, never, always, initial, exists, or an age such as 1h", "never")
    .addOption(formatOption())
    .addOption(jsonOption());
  refuseOptions(command, {
    "--no-tools": { message: "Tools are part of --format json and yaml only", fix: "Leave --no-tools out.", unless: true },
    "--yq <expression>": { message: "There is no query language here", fix: "Print JSON and use jq: sbx mcp catalog show NAME --format json | jq EXPRESSION" },
  });
  return withExamples(command, "catalog show", "catalog show team --format yaml").action(async (catalog, options) => {
    await (await import("../../mcp/catalogs.ts")).showCatalog(context, catalog, options);
  });
}

function createCommand(context: Context): CommandUnknownOpts {
  const command = new Command("create")
    .description("Make a catalog of servers")
    .argument("<catalog>", "its name, or the reference under which a registry will have it")
    .option("--server <uri>", "NAME, catalog://CATALOG/NAME+NAME, npm:PACKAGE@VERSION, pypi:PACKAGE@VERSION, docker://IMAGE or https address; repeatable", collect, [])
    .option("--from-profile <id>", "the servers of a profile")
    .option("--from-legacy-catalog <source>", "a catalog's file or https address")
    .option("--title <title>", "how it is called for people")
    .option("--exclude <server>", "leave out; repeatable", collect, [])
    .addOption(jsonOption());
  refuseOptions(command, {
    "--from-community-registry <host>": {
      message: "A whole community registry is not taken in at once",
      fix: "Name its servers by address: sbx mcp catalog create NAME --server https://HOST/v0/servers/SERVER/versions/latest",
    },
  });
  return withExamples(command, "catalog create mine --server fetch --server npm:@modelcontextprotocol/server-everything@2026.1.14", "catalog create mine --from-profile work").action(
    async (catalog, options) => {
      await (await import("../../mcp/catalogs.ts")).createCatalog(context, catalog, options);
    },
  );
}
