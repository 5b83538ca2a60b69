import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { TOPICS } from "../help/topics.ts";
import type { MakeCommand } from "../command-table.ts";

export const helpCommand: MakeCommand = ({ io }) =>
  new Command("help")
    .description("Show the help of a command, or of a topic")
    .argument("[words...]", "a command with its own commands, or a topic")
    .addHelpText("after", `\nTopics: ${Object.keys(TOPICS).join(", ")}\n\nExamples:\n  $ sbx help run\n  $ sbx help mcp catalog\n  $ sbx help rules`)
    .action(async (words, _options, self) => {
      const program: CommandUnknownOpts | null = self.parent;
      if (program === null) return;
      const found = descend(program, words);
      const [only, ...others] = words;
      const topic = only === undefined || others.length > 0 ? undefined : TOPICS[Object.hasOwn(TOPICS, only) ? only : ""];
      if (found !== undefined) found.outputHelp();
      else if (topic !== undefined) io.out(`${topic.text}\n`);
      else throw await unknown(program, words);
      if (words.length === 0)
        io.out(
          `\nTopics, with sbx help TOPIC:\n${Object.entries(TOPICS)
            .map(([name, { title }]) => `  ${name.padEnd(12)} ${title}\n`)
            .join("")}`,
        );
    });

function descend(program: CommandUnknownOpts, words: readonly string[]): CommandUnknownOpts | undefined {
  let command: CommandUnknownOpts | undefined = program;
  for (const word of words) command = command?.commands.find((one) => one.name() === word || one.aliases().includes(word));
  return command;
}

async function unknown(program: CommandUnknownOpts, words: readonly string[]): Promise<Error> {
  const [{ AppError }, { nearNames }] = await Promise.all([import("@sbx/contracts/app-error"), import("@sbx/core")]);
  const [near] = nearNames(words[0] ?? "", [...program.commands.map((one) => one.name()), ...Object.keys(TOPICS)]);
  return new AppError("USAGE", {
    message: `There is no command and no topic "${words.join(" ")}"${near === undefined ? "" : `; there is "${near}"`}`,
    fix: `See all commands with: sbx --help; topics are ${Object.keys(TOPICS).join(", ")}`,
  });
}
