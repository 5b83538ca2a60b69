import { Command } from "@commander-js/extra-typings";
import type { MakeCommand } from "../command-table.ts";
import { addCreateOptions } from "./create-options.ts";

const EXAMPLES = `
Editors start it and speak to the agent on its streams. What the agent asks of the editor's machine, such as files and terminals, is
refused: it has those of its sandbox. sbx itself says what it has to say on stderr. -- Which agents can: sbx agents show NAME

Examples:
  $ sbx acp mine                         the agent of this directory
  $ sbx acp --kit ./claude-acp claude ~/src/app`;

export const acpCommand: MakeCommand = (context, setExit) => {
  const command = new Command("acp")
    .description("Let an editor drive an agent in its sandbox, by the Agent Client Protocol")
    .argument("<agent>", "name of an agent (sbx agents ls), or a Kit's directory")
    .argument("[path]", "directory that the agent works in (default: this one)");
  return addCreateOptions(command)
    .option("--agent-name <name>", "which agent, where the Kits start several so")
    .addHelpText("after", EXAMPLES)
    .action(async (agent, path, options) => {
      const { runAcp } = await import("../acp/run-acp.ts");
      setExit(await runAcp(context, agent, { path, options }));
    });
};
