import { Command } from "@commander-js/extra-typings";
import { withExamples } from "../mcp/present.ts";
import type { MakeCommand } from "../command-table.ts";
import { catalogCommand } from "./mcp/catalog.ts";
import { clientCommand } from "./mcp/client.ts";
import { configCommand } from "./mcp/config.ts";
import { foreignCommands } from "./mcp/foreign.ts";
import { gatewayCommand } from "./mcp/gateway.ts";
import { importDockerCommand } from "./mcp/import-docker.ts";
import { profileCommand } from "./mcp/profile.ts";
import { logsCommand, lsCommand, restartCommand } from "./mcp/running.ts";
import { serverCommand } from "./mcp/server.ts";
import { templateCommand } from "./mcp/template.ts";
import { toolsCommand } from "./mcp/tools.ts";
import { buildSecretCommand } from "./secret.ts";

/** The same secrets as `sbx secret`. */
const secretCommand: MakeCommand = (context, setExit) => buildSecretCommand(context, setExit, "sbx mcp secret");

/** MCP servers: what agents and clients on this machine get their tools from. */
export const mcpCommand: MakeCommand = (context, setExit) => {
  const command = new Command("mcp").description("Give agents tools from MCP servers, each in a container of its own");
  const makers: readonly MakeCommand[] = [
    serverCommand,
    catalogCommand,
    toolsCommand,
    configCommand,
    profileCommand,
    templateCommand,
    secretCommand,
    gatewayCommand,
    clientCommand,
    lsCommand,
    logsCommand,
    restartCommand,
    importDockerCommand,
  ];
  for (const make of makers) command.addCommand(make(context, setExit));
  for (const foreign of foreignCommands(context)) command.addCommand(foreign, { hidden: true });
  return withExamples(command, "server enable fetch", "tools ls", "gateway run --transport=streaming");
};
