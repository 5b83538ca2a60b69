import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../../context.ts";
import { formatOption, jsonOption, withExamples } from "../../mcp/present.ts";
import { refusedCommand } from "../../mcp/refused-command.ts";
import type { MakeCommand } from "../../command-table.ts";
import { serverRuleCommands } from "./server-rules.ts";

/** Servers: which are enabled, for all sandboxes and clients. */
export const serverCommand: MakeCommand = (context) => {
  const command = new Command("server").description("Enable and look at servers");
  const children = [lsCommand(context), enableCommand(context), disableCommand(context), inspectCommand(context), searchCommand(context), ...serverRuleCommands(context), resetCommand(context)];
  for (const child of children) command.addCommand(child);
  command.addCommand(
    refusedCommand("init", {
      message: "sbx writes no project for a new server",
      fix: "Write one with an MCP SDK, then add it: sbx mcp server enable npm:PACKAGE@VERSION, or from an image: docker://IMAGE",
    }),
    { hidden: true },
  );
  return withExamples(command, "server ls", "server enable fetch time", "server disable fetch");
};

function lsCommand(context: Context): CommandUnknownOpts {
  const command = new Command("ls").alias("list").description("List the enabled servers").addOption(formatOption()).addOption(jsonOption());
  return withExamples(command, "server ls", "server ls --json").action(async (options) => {
    await (await import("../../mcp/servers.ts")).listServers(context, options);
  });
}

function enableCommand(context: Context): CommandUnknownOpts {
  const command = new Command("enable")
    .alias("add")
    .description("Enable servers for all sandboxes and clients")
    .option("--no-prepare", "do not fetch and try them now, but at their first use")
    .argument("<server...>", "NAME, catalog://CATALOG/NAME, npm:PACKAGE@VERSION, pypi:PACKAGE@VERSION, docker://IMAGE or https address");
  return withExamples(command, "server enable fetch", "server enable npm:@modelcontextprotocol/server-everything@2026.1.14", "server enable docker://mcp/fetch").action(
    async (servers, { prepare }) => {
      await (await import("../../mcp/servers.ts")).enableServers(context, servers, { prepare });
    },
  );
}

function disableCommand(context: Context): CommandUnknownOpts {
  const command = new Command("disable").alias("remove").alias("rm").description("Disable servers; their configuration and secrets stay").argument("<server...>", "their names");
  return withExamples(command, "server disable fetch").action(async (servers) => {
    await (await import("../../mcp/servers.ts")).disableServers(context, servers);
  });
}

function inspectCommand(context: Context): CommandUnknownOpts {
  const command = new Command("inspect").description("Show everything that is known of a server").argument("<server>", "its name").addOption(formatOption()).addOption(jsonOption());
  return withExamples(command, "server inspect fetch", "server inspect fetch --format yaml").action(async (server, options) => {
    await (await import("../../mcp/servers.ts")).inspectServer(context, server, options);
  });
}

function searchCommand(context: Context): CommandUnknownOpts {
  const command = new Command("search").description("Find servers in all catalogs").argument("<words...>", "what the server should do").addOption(formatOption()).addOption(jsonOption());
  return withExamples(command, "server search read web pages").action(async (words, options) => {
    await (await import("../../mcp/servers.ts")).searchServers(context, words.join(" "), options);
  });
}

function resetCommand(context: Context): CommandUnknownOpts {
  const command = new Command("reset").description("Disable all servers");
  return withExamples(command, "server reset").action(async () => {
    await (await import("../../mcp/servers.ts")).disableServers(context, "all");
  });
}
