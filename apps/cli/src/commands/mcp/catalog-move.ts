import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { cleanText } from "../../clean-text.ts";
import type { Context } from "../../context.ts";
import { jsonOption, withExamples } from "../../mcp/present.ts";
import { refuseOptions } from "../../mcp/refused-command.ts";

/** Commands that bring catalogs in and take them out. */
export function catalogMoveCommands(context: Context): readonly CommandUnknownOpts[] {
  return [importCommand(context), exportCommand(context), pushCommand(context), pullCommand(context), updateCommand(context), initCommand(context)];
}

function importCommand(context: Context): CommandUnknownOpts {
  const command = new Command("import")
    .description("Keep a catalog from a file or an https address")
    .argument("<source>", "a catalog in Docker's form or ours, or a server.json")
    .option("--name <name>", "how it is called here (default: as it calls itself)")
    .option("--dry-run", "only read it and say what is in it")
    .addOption(jsonOption());
  refuseOptions(command, {
    "--mcp-registry <url>": {
      message: "A server of a community registry is taken by its own address",
      fix: "Import the address itself: sbx mcp catalog import https://HOST/v0/servers/SERVER/versions/latest",
    },
  });
  return withExamples(command, "catalog import ./catalog.yaml", "catalog import https://example.org/catalog.yaml --name team").action(async (source, options) => {
    await (await import("../../mcp/catalogs.ts")).importCatalog(context, source, options);
  });
}

function exportCommand(context: Context): CommandUnknownOpts {
  const command = new Command("export")
    .description("Write a catalog in Docker's form")
    .argument("<catalog>", "its name")
    .argument("[file]", "where to (default: print it)")
    .option("--force", "replace the file");
  return withExamples(command, "catalog export team ./team.yaml").action(async (catalog, file, { force }) => {
    await (await import("../../mcp/catalogs.ts")).exportCatalog(context, catalog, { file, force: force === true });
  });
}

function pushCommand({ daemon, io }: Context): CommandUnknownOpts {
  const command = new Command("push").description("Take a catalog to the registry that its name says").argument("<catalog>", "its name, a reference such as registry.example.org/team/catalog:1");
  return withExamples(command, "catalog push registry.example.org/team/catalog:1").action(async (catalog) => {
    const { client } = await daemon.connect();
    const { digest, notes } = await client.pushCatalog({ catalog });
    for (const note of notes) io.err(`sbx: ${cleanText(note)}\n`);
    io.out(`Pushed catalog to ${catalog}@${digest}\n`);
  });
}

function pullCommand({ daemon, io }: Context): CommandUnknownOpts {
  const command = new Command("pull").description("Get a catalog from a registry").argument("<reference>", "such as registry.example.org/team/catalog:1");
  return withExamples(command, "catalog pull registry.example.org/team/catalog:1").action(async (reference) => {
    const { client } = await daemon.connect();
    const { notes } = await client.pullCatalog({ reference });
    for (const note of notes) io.err(`sbx: ${cleanText(note)}\n`);
    io.out(`Catalog ${reference} pulled\n`);
  });
}

function updateCommand(context: Context): CommandUnknownOpts {
  const command = new Command("update").description("Read catalogs anew from where they came").argument("[catalog...]", "their names (default: all that came by address)");
  return withExamples(command, "catalog update").action(async (catalogs) => {
    await (await import("../../mcp/catalogs.ts")).updateCatalogs(context, catalogs);
  });
}

function initCommand({ io }: Context): CommandUnknownOpts {
  const command = new Command("init").description("Say that there is nothing to set up");
  return withExamples(command, "catalog init").action(() => {
    io.out("A catalog comes with sbx; there is nothing to set up. List the catalogs with: sbx mcp catalog ls\n");
  });
}
