import { Command, InvalidArgumentError, Option, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../../context.ts";
import { parseBoolean } from "../../mcp/boolean-option.ts";
import { addGatewayRefusals } from "../../mcp/gateway-options.ts";
import { withExamples } from "../../mcp/present.ts";
import { collect, parseInteger } from "../../option-values.ts";
import type { MakeCommand, SetExit } from "../../command-table.ts";

/** The gateway: all tools at one address. */
export const gatewayCommand: MakeCommand = (context, setExit) => {
  const command = new Command("gateway").description("Offer the tools to clients on this machine").addCommand(runCommand(context, setExit)).addCommand(tokenCommand(context));
  return withExamples(command, "gateway run", "gateway run --transport=streaming", "gateway token");
};

const TRANSPORTS = ["stdio", "sse", "streaming", "http", "streamable", "streamable-http"];

function runCommand(context: Context, setExit: SetExit): CommandUnknownOpts {
  const command = new Command("run")
    .description("Offer the tools as long as this command runs: on its standard streams, or on a port of this machine")
    .option("--profile <id>", "the servers of a profile (default: what is enabled)")
    .option("--servers <names>", "these servers, by name or address, and no management tools, as A,B; repeatable", collectNames, [])
    .option("--enable-all-servers", "every server of the catalogs")
    .option("--catalog <name>", "only servers of this catalog; repeatable", collectNames, [])
    .option("--additional-catalog <name>", "and of this one; repeatable", collectNames, [])
    .option("--registry <file>", "a registry.yaml in place of what is enabled; repeatable", collectNames, [])
    .option("--additional-registry <file>", "and this one; repeatable", collectNames, [])
    .option("--config <file>", "a config.yaml in place of the configuration here; repeatable", collectNames, [])
    .option("--additional-config <file>", "and this one; repeatable", collectNames, [])
    .option("--tools-config <file>", "a tools.yaml in place of the choice of tools here; repeatable", collectNames, [])
    .option("--additional-tools-config <file>", "and this one; repeatable", collectNames, [])
    .option("--tools <patterns>", "only these tools: TOOL, SERVER:TOOL, SERVER:*, *; repeatable", collectNames, [])
    .addOption(new Option("--transport <kind>", "stdio, sse or streaming (also: http, streamable, streamable-http)").argParser(parseTransport).default("stdio"))
    .option("--port <port>", "port on 127.0.0.1 (default: 8811 unless stdio)", parseInteger(0, 65_535))
    .option("--host <address>", "127.0.0.1 or localhost: the gateway is for this machine only")
    .option("--allow-unauthenticated", "ask clients for no token")
    .option("--log-calls [bool]", "print a line for each call of a tool, without its arguments", parseBoolean, true)
    .option("--block-secrets [bool]", "refuse calls and results that hold keys", parseBoolean, true)
    .option("--interceptor <rule>", "before|after:exec:COMMAND or before|after:http:URL, run by you for each call; repeatable", collect, [])
    .option("--dry-run", "say what would be offered, and end")
    .option("--verbose", "say more");
  command.action(async (options) => {
    setExit(await (await import("../../mcp/run-gateway.ts")).runGateway(context, options));
  });
  return withExamples(addGatewayRefusals(command), "gateway run", "gateway run --profile work", "gateway run --transport=streaming --port 8811");
}

function tokenCommand(context: Context): CommandUnknownOpts {
  const command = new Command("token").description("Print the token that clients on this machine show to the gateway");
  return withExamples(command, "gateway token").action(async () => {
    const { client } = await context.daemon.connect();
    const own = context.env["MCP_GATEWAY_AUTH_TOKEN"];
    context.io.out(`${own === undefined || own === "" ? (await client.gatewayToken({})).token : own}\n`);
  });
}

function collectNames(value: string, before: readonly string[]): readonly string[] {
  return value
    .split(",")
    .filter((name) => name !== "")
    .reduce((all, name) => collect(name, all), before);
}

function parseTransport(text: string): "stdio" | "sse" | "streaming" {
  if (text === "stdio" || text === "sse") return text;
  if (TRANSPORTS.includes(text)) return "streaming";
  throw new InvalidArgumentError(`write one of ${TRANSPORTS.join(", ")}.`);
}
