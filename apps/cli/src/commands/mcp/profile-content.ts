import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { cleanText } from "../../clean-text.ts";
import type { Context } from "../../context.ts";
import { formatOption, jsonOption, withExamples } from "../../mcp/present.ts";
import { collect } from "../../option-values.ts";

/** Commands that change what stands in a profile. */
export function profileContentCommands(context: Context): readonly CommandUnknownOpts[] {
  return [configCommand(context), toolsCommand(context), serverCommand(context)];
}

function configCommand(context: Context): CommandUnknownOpts {
  const command = new Command("config")
    .description("See and change the configuration of a profile's servers")
    .argument("<id>", "its id")
    .option("--set <setting>", "SERVER.PATH=VALUE; a value that is JSON is taken as such; repeatable", collect, [])
    .option("--get <key>", "SERVER.PATH; repeatable", collect, [])
    .option("--del <key>", "SERVER.PATH; repeatable", collect, [])
    .option("--get-all", "print all settings")
    .addOption(formatOption())
    .addOption(jsonOption());
  return withExamples(command, "profile config work --set grafana.url=https://grafana.example.org", "profile config work --get-all").action(async (profile, options) => {
    await (await import("../../mcp/config.ts")).changeConfig(context, { profile, ...options });
  });
}

function toolsCommand(context: Context): CommandUnknownOpts {
  const command = new Command("tools")
    .description("Choose which tools of a profile's servers are offered")
    .argument("<id>", "its id")
    .option("--enable <tool>", "SERVER.TOOL; repeatable", collect, [])
    .option("--disable <tool>", "SERVER.TOOL; repeatable", collect, [])
    .option("--enable-all <server>", "every tool of a server; repeatable", collect, [])
    .option("--disable-all <server>", "no tool of a server; repeatable", collect, []);
  return withExamples(command, "profile tools work --disable-all github-official --enable github-official.issue_read").action(async (id, options) => {
    await (await import("../../mcp/profiles.ts")).chooseProfileTools(context, id, options);
  });
}

function serverCommand(context: Context): CommandUnknownOpts {
  const command = new Command("server").description("See and change which servers a profile has").addCommand(lsCommand(context)).addCommand(addCommand(context)).addCommand(removeCommand(context));
  return withExamples(command, "profile server add work --server fetch");
}

function lsCommand(context: Context): CommandUnknownOpts {
  const command = new Command("ls")
    .alias("list")
    .description("List the servers of profiles")
    .option("-f, --filter <filter>", "name=TEXT or profile=ID; repeatable", collect, [])
    .addOption(formatOption())
    .addOption(jsonOption());
  return withExamples(command, "profile server ls -f profile=work").action(async ({ filter, ...options }) => {
    await (await import("../../mcp/profiles.ts")).listProfileServers(context, filter.join(","), options);
  });
}

function addCommand({ daemon, io }: Context): CommandUnknownOpts {
  const command = new Command("add").description("Put servers into a profile").argument("<id>", "its id").option("--server <uri>", "a server by name or address; repeatable", collect, []);
  return withExamples(command, "profile server add work --server fetch --server time").action(async (profile, { server }) => {
    const { client } = await daemon.connect();
    const { enabled, notes } = await client.enableServers({ profile, servers: [...server] });
    for (const note of notes) io.err(`sbx: ${cleanText(note)}\n`);
    io.out(`Added ${enabled.length} server(s) to profile ${profile}\n`);
  });
}

function removeCommand({ daemon, io }: Context): CommandUnknownOpts {
  const command = new Command("remove")
    .alias("rm")
    .description("Take servers out of a profile")
    .argument("<id>", "its id")
    .argument("[server...]", "their names")
    .option("--name <server>", "a name; repeatable", collect, []);
  return withExamples(command, "profile server remove work fetch").action(async (profile, servers, { name }) => {
    const { client } = await daemon.connect();
    const { disabled } = await client.disableServers({ profile, names: [...servers, ...name] });
    io.out(`Removed ${disabled.length} server(s) from profile ${profile}\n`);
  });
}
