import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../../context.ts";
import { formatOption, jsonOption, withExamples } from "../../mcp/present.ts";
import { collect } from "../../option-values.ts";

/** The servers of one catalog. */
export function catalogServerCommand(context: Context): CommandUnknownOpts {
  const command = new Command("server")
    .description("See and change the servers of one catalog")
    .addCommand(lsCommand(context))
    .addCommand(inspectCommand(context))
    .addCommand(addCommand(context))
    .addCommand(removeCommand(context));
  return withExamples(command, "catalog server ls team", "catalog server add mine --server catalog://team/fetch");
}

function lsCommand(context: Context): CommandUnknownOpts {
  const command = new Command("ls")
    .alias("list")
    .description("List the servers of a catalog")
    .argument("<catalog>", "its name")
    .option("-f, --filter <filter>", "name=TEXT: only names that contain it")
    .addOption(formatOption())
    .addOption(jsonOption());
  return withExamples(command, "catalog server ls team -f name=git").action(async (catalog, options) => {
    await (await import("../../mcp/catalog-servers.ts")).listCatalogServers(context, catalog, options);
  });
}

function inspectCommand(context: Context): CommandUnknownOpts {
  const command = new Command("inspect")
    .description("Show one server of a catalog")
    .argument("<catalog>", "its name")
    .argument("<server>", "name of the server")
    .addOption(formatOption())
    .addOption(jsonOption());
  return withExamples(command, "catalog server inspect team fetch").action(async (catalog, server, options) => {
    await (await import("../../mcp/catalog-servers.ts")).inspectCatalogServer(context, { catalog, server, ...options });
  });
}

function addCommand(context: Context): CommandUnknownOpts {
  const command = new Command("add")
    .description("Put servers into a catalog")
    .argument("<catalog>", "a catalog of yours")
    .option("--server <uri>", "a server by name or address; repeatable", collect, [])
    .option("--force", "replace what is there");
  return withExamples(command, "catalog server add mine --server catalog://team/fetch+time").action(async (catalog, { server, force }) => {
    await (await import("../../mcp/catalog-servers.ts")).addToCatalog(context, catalog, { uris: server, force });
  });
}

function removeCommand({ daemon, io }: Context): CommandUnknownOpts {
  const command = new Command("remove")
    .alias("rm")
    .description("Take servers out of a catalog")
    .argument("<catalog>", "a catalog of yours")
    .argument("[server...]", "their names")
    .option("--name <server>", "a name; repeatable", collect, []);
  return withExamples(command, "catalog server remove mine fetch").action(async (catalog, servers, { name }) => {
    const { client } = await daemon.connect();
    const { removed } = await client.removeFromCatalog({ catalog, names: [...servers, ...name] });
    io.out(`Removed ${removed.length} server(s) from catalog '${catalog}'\n`);
  });
}
