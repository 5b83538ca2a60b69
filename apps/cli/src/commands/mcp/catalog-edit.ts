import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../../context.ts";
import { jsonOption, withExamples } from "../../mcp/present.ts";
import { collect } from "../../option-values.ts";

/** Commands that change which catalogs there are and what stands in them. */
export function catalogEditCommands(context: Context): readonly CommandUnknownOpts[] {
  return [addCommand(context), rmCommand(context), forkCommand(context, "fork"), forkCommand(context, "tag"), resetCommand(context)];
}

function addCommand(context: Context): CommandUnknownOpts {
  const command = new Command("add")
    .description("Put servers into a catalog")
    .argument("<catalog>", "a catalog of yours")
    .argument("[server]", "name of the server in FILE")
    .argument("[file]", "a catalog's file that has the server")
    .option("--server <uri>", "a server by name or address; repeatable", collect, [])
    .option("--force", "replace what is there")
    .addOption(jsonOption());
  return withExamples(command, "catalog add mine fetch ./catalog.yaml", "catalog add mine --server catalog://team/fetch").action(async (...given) => {
    const [catalog, server, file, options] = given;
    await (await import("../../mcp/catalog-servers.ts")).addToCatalog(context, catalog, { ...options, server, file, uris: options.server });
  });
}

function rmCommand({ daemon, io }: Context): CommandUnknownOpts {
  const command = new Command("rm").alias("remove").description("Remove a catalog; what is enabled from it stays enabled and is not found").argument("<catalog...>", "their names");
  return withExamples(command, "catalog rm team").action(async (catalogs) => {
    const { client } = await daemon.connect();
    for (const catalog of catalogs) {
      await client.removeCatalog({ catalog });
      io.out(`Removed catalog ${catalog}\n`);
    }
  });
}

function forkCommand({ daemon, io }: Context, name: "fork" | "tag"): CommandUnknownOpts {
  const command = new Command(name)
    .description(name === "fork" ? "Copy a catalog, to change the copy" : "Give a catalog a further name, such as its reference in a registry")
    .argument("<catalog>", "the one to copy")
    .argument("<name>", "name of the copy");
  return withExamples(command, name === "fork" ? "catalog fork team mine" : "catalog tag mine registry.example.org/team/catalog:1").action(async (catalog, to) => {
    const { client } = await daemon.connect();
    await client.copyCatalog({ catalog, to });
    io.out(name === "fork" ? `Forked catalog ${catalog} as ${to}\n` : `Tagged catalog ${catalog} as ${to}\n`);
  });
}

function resetCommand(context: Context): CommandUnknownOpts {
  const command = new Command("reset").description("Remove every catalog but the one that comes with sbx").option("-f, --force", "without this only say which");
  return withExamples(command, "catalog reset --force").action(async ({ force }) => {
    await (await import("../../mcp/catalogs.ts")).resetCatalogs(context, force === true);
  });
}
