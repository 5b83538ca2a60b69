import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../../context.ts";
import { formatOption, jsonOption, withExamples } from "../../mcp/present.ts";
import type { MakeCommand } from "../../command-table.ts";

/** Configuration of the enabled servers. */
export const configCommand: MakeCommand = (context) => {
  const command = new Command("config")
    .description("See and change the configuration of the enabled servers")
    .addCommand(readCommand(context))
    .addCommand(writeCommand(context))
    .addCommand(resetCommand(context))
    .addCommand(getCommand(context))
    .addCommand(setCommand(context))
    .addCommand(delCommand(context));
  return withExamples(command, "config set grafana.url=https://grafana.example.org", "config get grafana.url", "config read");
};

function readCommand({ daemon, io }: Context): CommandUnknownOpts {
  return withExamples(new Command("read").description("Print config.yaml as it is"), "config read").action(async () => {
    const { client } = await daemon.connect();
    io.out((await client.readStateFile({ file: "config" })).text);
  });
}

function writeCommand({ daemon, io }: Context): CommandUnknownOpts {
  const command = new Command("write").description("Replace config.yaml by a text").argument("<text>", "YAML: a map for each server");
  return withExamples(command, "config write 'grafana: {url: https://grafana.example.org}'").action(async (text) => {
    const { client } = await daemon.connect();
    await client.writeStateFiles({ config: text });
    io.out("Wrote config.yaml\n");
  });
}

function resetCommand({ daemon, io }: Context): CommandUnknownOpts {
  return withExamples(new Command("reset").description("Forget the configuration of all servers"), "config reset").action(async () => {
    const { client } = await daemon.connect();
    await client.writeStateFiles({ config: "" });
    io.out("Forgot the configuration of all servers\n");
  });
}

function getCommand(context: Context): CommandUnknownOpts {
  const command = new Command("get").description("Print settings").argument("[key...]", "SERVER.PATH (default: all)").addOption(formatOption()).addOption(jsonOption());
  return withExamples(command, "config get", "config get grafana.url").action(async (keys, options) => {
    await (await import("../../mcp/config.ts")).changeConfig(context, { profile: "default", get: keys, getAll: keys.length === 0, ...options });
  });
}

function setCommand(context: Context): CommandUnknownOpts {
  const command = new Command("set").description("Change settings; a running server is started anew with them").argument("<setting...>", "SERVER.PATH=VALUE; a value that is JSON is taken as such");
  return withExamples(command, "config set grafana.url=https://grafana.example.org", "config set 'filesystem.paths=[\"/srv/data\"]'").action(async (settings) => {
    await (await import("../../mcp/config.ts")).changeConfig(context, { profile: "default", set: settings });
  });
}

function delCommand(context: Context): CommandUnknownOpts {
  const command = new Command("del").alias("rm").description("Take settings away").argument("<key...>", "SERVER.PATH");
  return withExamples(command, "config del grafana.url").action(async (keys) => {
    await (await import("../../mcp/config.ts")).changeConfig(context, { profile: "default", del: keys });
  });
}
