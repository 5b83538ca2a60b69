import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../../context.ts";
import { jsonOption, withExamples } from "../../mcp/present.ts";
import type { MakeCommand } from "../../command-table.ts";

const GLOBAL = ["-g, --global", "everything that you do with the client, and not this project alone"] as const;
const QUIET = ["-q, --quiet", "print nothing"] as const;

/** Clients on this machine: which of them use the gateway. */
export const clientCommand: MakeCommand = (context) => {
  const command = new Command("client")
    .description("Let clients on this machine use the gateway")
    .addCommand(lsCommand(context))
    .addCommand(connectCommand(context))
    .addCommand(disconnectCommand(context));
  return withExamples(command, "client ls --global", "client connect claude-code --global", "client disconnect cursor");
};

function lsCommand(context: Context): CommandUnknownOpts {
  const command = new Command("ls")
    .alias("list")
    .description("List the clients and their servers")
    .option(...GLOBAL)
    .addOption(jsonOption());
  return withExamples(command, "client ls", "client ls --global --json").action(async (options) => {
    await (await import("../../mcp/clients/clients.ts")).listClients(context, options);
  });
}

function connectCommand(context: Context): CommandUnknownOpts {
  const command = new Command("connect")
    .description("Write the gateway into a client's configuration; everything else in it stays")
    .argument("<client>", "its name, as sbx mcp client ls has it")
    .option(...GLOBAL)
    .option(...QUIET)
    .option("--profile <id>", "the servers of a profile (default: what is enabled)")
    .addOption(jsonOption());
  return withExamples(command, "client connect claude-code --global", "client connect cursor --profile work").action(async (client, options) => {
    await (await import("../../mcp/clients/clients.ts")).connectClient(context, client, options);
  });
}

function disconnectCommand(context: Context): CommandUnknownOpts {
  const command = new Command("disconnect")
    .description("Take the gateway out of a client's configuration")
    .argument("<client>", "its name, as sbx mcp client ls has it")
    .option(...GLOBAL)
    .option(...QUIET)
    .addOption(jsonOption());
  return withExamples(command, "client disconnect claude-code --global").action(async (client, options) => {
    await (await import("../../mcp/clients/clients.ts")).disconnectClient(context, client, options);
  });
}
