import { Command, Option } from "@commander-js/extra-typings";
import { refuseForeignOptions } from "../foreign-options.ts";
import { collect, parseDuration } from "../option-values.ts";
import type { MakeCommand } from "../command-table.ts";
import { clipboardOption, detachKeysOption } from "../session/detach-keys.ts";

const none: readonly string[] = [];
const EXAMPLES = `
Examples:
  $ sbx exec claude-app ls -la
  $ sbx exec claude-app bash                 a terminal, when there is one
  $ tar c . | sbx exec -i claude-app tar x -C /tmp`;

export const execCommand: MakeCommand = (context, setExit) =>
  refuseForeignOptions(
    new Command("exec")
      .description("Run a command in a sandbox, starting the sandbox if it is stopped")
      .argument("<sandbox>", "name or id")
      .argument("<command...>", "what to run; everything after the sandbox belongs to it")
      .option("-i, --interactive", "send stdin to the command")
      .option("-t, --terminal", "give the command a terminal (default: when there is one)")
      .addOption(new Option("--tty", "as --terminal").hideHelp())
      .option("-T, --no-terminal", "give the command three plain streams")
      .option("-d, --detach", "start the command and print its session, for sbx logs")
      .option("-e, --env <key[=value]>", "set a variable, or pass one on (repeat for more)", collect, none)
      .option("--env-file <file>", "set the variables of a file of KEY=VALUE lines (repeat for more)", collect, none)
      .option("-w, --workdir <path>", "directory inside (default: the workspace)")
      .option("-u, --user <user>", "the sandbox's own user, agent or its number; there is no other")
      .option("--deadline <time>", "end the command after this time, as 10m", parseDuration)
      .addOption(detachKeysOption())
      .addOption(clipboardOption())
      .passThroughOptions()
      .addHelpText("after", EXAMPLES),
    ["privileged", "volume"],
  ).action(async (sandbox: string, command: readonly string[], options) => {
    const { execInSandbox } = await import("../session/exec-in-sandbox.ts");
    setExit(await execInSandbox(context, sandbox, { command: command[0] === "--" ? command.slice(1) : command, options: { ...options, terminal: options.tty === true ? true : options.terminal } }));
  });
