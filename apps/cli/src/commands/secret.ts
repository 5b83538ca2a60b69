import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../context.ts";
import type { MakeCommand } from "../program.ts";

export const secretCommand: MakeCommand = (context) =>
  new Command("secret")
    .description("Keep the keys that the daemon puts on at the wall; no sandbox ever holds one")
    .addCommand(setCommand(context))
    .addCommand(lsCommand(context))
    .addCommand(rmCommand(context))
    .addHelpText("after", "\nExamples:\n  $ sbx secret set anthropic < key.txt\n  $ sbx secret ls");

function setCommand(context: Context): CommandUnknownOpts {
  return new Command("set")
    .description("Keep a secret, read from stdin or a hidden prompt")
    .argument("<name>", "a provider's name, or SERVER.KEY for an MCP server's")
    .argument("[value...]", "never here: see below")
    .option("-t, --value <value>", "never here: see below")
    .addHelpText(
      "after",
      "\nA value on the command line would be seen by every process and kept in the shell's history; it is refused.\n\nExamples:\n  $ sbx secret set anthropic                 asks without echo\n  $ pass show anthropic | sbx secret set anthropic",
    )
    .action(async (name, value, options) => {
      await (await import("../secret/set-secret.ts")).setSecret(context, name, { inArguments: value.length > 0 || options.value !== undefined || name.includes("=") });
    });
}

function lsCommand(context: Context): CommandUnknownOpts {
  return new Command("ls")
    .description("List the secrets by name, never by value")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  $ sbx secret ls")
    .action(async ({ json }) => {
      await (await import("../secret/list-secrets.ts")).listSecrets(context, json);
    });
}

function rmCommand({ daemon, io }: Context): CommandUnknownOpts {
  return new Command("rm")
    .description("Forget a secret")
    .argument("<name>", "its name")
    .addHelpText("after", "\nExamples:\n  $ sbx secret rm anthropic")
    .action(async (name) => {
      const { client } = await daemon.connect();
      await client.removeSecret({ name });
      io.out(`${name}\n`);
    });
}
