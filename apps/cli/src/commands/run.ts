import { Command, Option } from "@commander-js/extra-typings";
import { parseDuration } from "../option-values.ts";
import type { MakeCommand } from "../command-table.ts";
import { clipboardOption, detachKeysOption } from "../session/detach-keys.ts";
import { addCreateOptions } from "./create-options.ts";

const EXAMPLES = `
PATH is ".", ".." or begins with "/", "./", "../" or "~/"; after the first one further directories may follow, as PATH:ro too. All else
after AGENT goes to the agent; "--" makes it plain. Leave a session with ctrl-p ctrl-q; it goes on, and "sbx attach" comes back to it.

Examples:
  $ sbx run claude                          an agent in this directory
  $ sbx run claude ~/src/app -p "fix it"    in another one, with arguments of the agent
  $ sbx run --allow-host '**.example.org' codex
  $ sbx run shell -- sh -c 'id -u; ls ~'    look around inside`;

export const runCommand: MakeCommand = (context, setExit) => {
  const command = new Command("run")
    .description("Run an agent in the sandbox of a directory")
    .argument("<agent>", "name of an agent (sbx agents ls), or a Kit's directory")
    .argument("[args...]", "PATH of the directory (default: this one), then arguments of the agent");
  return addCreateOptions(command)
    .usage("[options] AGENT [PATH...] [-- ARGS...]")
    .option("-d, --detach", "start the agent and print the sandbox's name")
    .addOption(new Option("--detached", "as --detach").hideHelp())
    .option("--new", "open another session where one runs already")
    .option("--rm", "remove the sandbox when the session has ended")
    .option("--deadline <time>", "end the session after this time, as 10m", parseDuration)
    .option("--terminal", "give the agent a terminal (default: when there is one)")
    .option("-T, --no-terminal", "give the agent three plain streams")
    .addOption(detachKeysOption())
    .addOption(clipboardOption())
    .passThroughOptions()
    .addHelpText("after", EXAMPLES)
    .action(async (agent, rest, options) => {
      const { runAgent } = await import("../run/run-agent.ts");
      setExit(await runAgent(context, agent, { rest, options: { ...options, detach: options.detached === true ? true : options.detach } }));
    });
};
