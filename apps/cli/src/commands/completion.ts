import { Argument, Command } from "@commander-js/extra-typings";
import { cleanText } from "../clean-text.ts";
import { SHELL_SCRIPTS, SHELLS } from "../completion/shell-scripts.ts";
import type { Context } from "../context.ts";
import type { MakeCommand } from "../command-table.ts";

const EXAMPLES = `
Examples:
  $ source <(sbx completion bash)                    for this shell; put it into ~/.bashrc for all
  $ source <(sbx completion zsh)
  $ sbx completion fish > ~/.config/fish/completions/sbx.fish`;

export const completionCommand: MakeCommand = ({ io }) =>
  new Command("completion")
    .description("Print what makes a shell complete sbx: commands, options, sandboxes, agents")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .addHelpText("after", EXAMPLES)
    .action((shell) => {
      io.out(SHELL_SCRIPTS[shell]);
    });

/** What shells ask. Never starts a daemon, never fails: a completion that complains is worse than none. */
export const completeCommand: MakeCommand = (context) =>
  new Command("__complete")
    .description("Say what may stand in place of the last word")
    .argument("[words...]", "words so far")
    .passThroughOptions()
    .allowUnknownOption()
    .action(async (words, _options, self) => {
      const [{ completeWords }, program] = [await import("../completion/complete-words.ts"), self.parent];
      if (program === null) return;
      const asked = words[0] === "--" ? words.slice(1) : words;
      const { candidates, files } = await completeWords(program, asked, { sandboxes: () => sandboxes(context), agents: () => agents(context), templates: () => templates(context) });
      for (const { value, about } of candidates) context.io.out(`${cleanText(value)}\t${cleanText(about)}\n`);
      if (files) context.io.out(":files\n");
    });

async function sandboxes({ daemon }: Context): Promise<readonly { readonly value: string; readonly about: string }[]> {
  try {
    const found = await daemon.find();
    return found === undefined ? [] : (await found.client.listSandboxes({})).map(({ name, state, workspace }) => ({ value: name, about: `${state.phase}, ${workspace}` }));
  } catch {
    return [];
  }
}

async function templates({ daemon }: Context): Promise<readonly { readonly value: string; readonly about: string }[]> {
  try {
    const found = await daemon.find();
    return found === undefined ? [] : (await found.client.listTemplates({})).map(({ name, agent }) => ({ value: name, about: `of ${agent}` }));
  } catch {
    return [];
  }
}

async function agents({ daemon }: Context): Promise<readonly { readonly value: string; readonly about: string }[]> {
  try {
    const found = await daemon.find();
    return found === undefined ? [] : (await found.client.listAgents({})).map(({ name, description }) => ({ value: name, about: description }));
  } catch {
    return [];
  }
}
