import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Context } from "../context.ts";
import type { MakeCommand, SetExit } from "../command-table.ts";

/** `sbx secret`. */
export const secretCommand: MakeCommand = (context, setExit) => buildSecretCommand(context, setExit, "sbx secret");

/** The commands about secrets; `words` is how a person reaches them, for their examples. */
export function buildSecretCommand(context: Context, setExit: SetExit, words: string): CommandUnknownOpts {
  return new Command("secret")
    .description("Keep the keys that the daemon puts where they belong; no sandbox ever holds one")
    .addCommand(setCommand(context, words))
    .addCommand(lsCommand(context, words))
    .addCommand(rmCommand(context, setExit, words))
    .addCommand(rotateCommand(context, words))
    .addCommand(bindCommand(context, words))
    .addCommand(unbindCommand(context, words))
    .addCommand(importCommand(context, setExit, words))
    .addHelpText("after", `\nExamples:\n  $ ${words} set anthropic < key.txt\n  $ ${words} ls`);
}

const NAME = "a model provider's (anthropic, openai, google), or SERVER.KEY for an MCP server's";
const NEVER = "\nA value on the command line would be seen by every process and kept in the shell's history; it is refused.\n";

function setCommand(context: Context, words: string): CommandUnknownOpts {
  return new Command("set")
    .description("Keep a secret, read from stdin or a hidden prompt")
    .argument("<name>", NAME)
    .argument("[value...]", "never here: see below")
    .option("-t, --value <value>", "never here: see below")
    .addHelpText("after", `${NEVER}\nExamples:\n  $ ${words} set anthropic                 asks without echo\n  $ pass show brave | ${words} set brave.api_key`)
    .action(async (name, value, options) => {
      await (await import("../secret/set-secret.ts")).setSecret(context, name, { inArguments: isInArguments(name, value, options.value), anew: false });
    });
}

function rotateCommand(context: Context, words: string): CommandUnknownOpts {
  return new Command("rotate")
    .description("Give a secret of the vault a new value; servers that use it are started anew")
    .argument("<name>", "its name")
    .argument("[value...]", "never here: see below")
    .option("-t, --value <value>", "never here: see below")
    .addHelpText("after", `${NEVER}\nExamples:\n  $ ${words} rotate brave.api_key\n  $ ${words} rotate anthropic < new-key.txt`)
    .action(async (name, value, options) => {
      await (await import("../secret/set-secret.ts")).setSecret(context, name, { inArguments: isInArguments(name, value, options.value), anew: true });
    });
}

/** Docker's form `set NAME=VALUE` is one of them. */
function isInArguments(name: string, value: readonly string[], option: string | undefined): boolean {
  return value.length > 0 || option !== undefined || name.includes("=");
}

function lsCommand(context: Context, words: string): CommandUnknownOpts {
  return new Command("ls")
    .description("List the secrets: where each comes from, and who may use it; never a value")
    .option("--json", "print one JSON document")
    .addHelpText("after", `\nExamples:\n  $ ${words} ls\n  $ ${words} ls --json`)
    .action(async ({ json }) => {
      await (await import("../secret/list-secrets.ts")).listSecrets(context, json);
    });
}

function rmCommand(context: Context, setExit: SetExit, words: string): CommandUnknownOpts {
  return new Command("rm")
    .description("Forget secrets of the vault, and what you bound them to")
    .argument("[name...]", "their names")
    .option("--all", "every secret of the vault")
    .addHelpText("after", `\nExamples:\n  $ ${words} rm anthropic brave.api_key\n  $ ${words} rm --all`)
    .action(async (names, { all }) => {
      setExit(await (await import("../secret/remove-secrets.ts")).removeSecrets(context, names, all));
    });
}

const SERVER = ["--server <server>", "the server's name in its catalog"] as const;
const HOST = ["--host <host>", "api.example.org, or *.example.org for one label before it; with :PORT unless it is 443"] as const;

function bindCommand(context: Context, words: string): CommandUnknownOpts {
  return new Command("bind")
    .description("Let an MCP server use a secret, or requests to a host")
    .argument("<name>", "the secret's name; it need not have a value yet")
    .option(...SERVER)
    .option(...HOST)
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      `\nName one of --server and --host.\n\nExamples:\n  $ ${words} bind github.personal_access_token --server github-official\n  $ ${words} bind github --host api.github.com\n  $ ${words} bind team --host '*.example.org:8443'`,
    )
    .action(async (name, options) => {
      await (await import("../secret/bind-secret.ts")).bindSecret(context, name, options);
    });
}

function unbindCommand(context: Context, words: string): CommandUnknownOpts {
  return new Command("unbind")
    .description("Take a secret from an MCP server, whoever bound it, or from a host")
    .argument("<name>", "the secret's name")
    .option(...SERVER)
    .option("--host <host>", "the host, as it was bound")
    .addHelpText("after", `\nExamples:\n  $ ${words} unbind github.personal_access_token --server github-official\n  $ ${words} unbind github --host api.github.com`)
    .action(async (name, options) => {
      await (await import("../secret/bind-secret.ts")).unbindSecret(context, name, options);
    });
}

function importCommand(context: Context, setExit: SetExit, words: string): CommandUnknownOpts {
  return new Command("import")
    .description("Keep the secrets of a file of NAME=VALUE lines; the file stays as it is")
    .argument("<file>", "in Docker's form: # begins a comment, a value is all that follows the first =")
    .option("--json", "print one JSON document")
    .addHelpText("after", `\nExit code 1 when a line was left out.\n\nExamples:\n  $ ${words} import .env`)
    .action(async (file, { json }) => {
      setExit(await (await import("../secret/import-secrets.ts")).importSecrets(context, file, json));
    });
}
