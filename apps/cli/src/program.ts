import { Command, type CommandUnknownOpts, type Option } from "@commander-js/extra-typings";
import { COMMANDS, HIDDEN_COMMANDS, type Load, type SetExit } from "./command-table.ts";
import type { Context } from "./context.ts";

/** Commands that tell about all the others. */
const ABOUT_OTHERS: readonly string[] = ["help", "man"];

/** Every command, ready to parse. Nothing heavy is loaded before an action runs. */
export async function buildProgram(context: Context, setExit: SetExit): Promise<CommandUnknownOpts> {
  const program = emptyProgram(context);
  for (const [group, commands] of Object.entries(COMMANDS)) {
    for (const load of Object.values(commands)) add(program, (await load())(context, setExit).helpGroup(group));
  }
  const [{ foreignCommands }, ...hidden] = await Promise.all([import("./foreign-commands.ts"), ...Object.values(HIDDEN_COMMANDS).map((load) => load())]);
  for (const foreign of foreignCommands()) addHidden(program, foreign);
  for (const make of hidden) addHidden(program, make(context, setExit));
  return program;
}

/**
 * What it takes to carry out this command line: the command that it names, or all of them where there is none of this name,
 * or where it tells about the others. To make them all takes longer than most of them do.
 */
export async function buildProgramFor(words: readonly string[], context: Context, setExit: SetExit): Promise<CommandUnknownOpts> {
  const needed = [...new Set(commandsFor(words))].map(loadOf);
  if (needed.includes(undefined)) return await buildProgram(context, setExit);
  const program = emptyProgram(context);
  for (const load of needed) if (load !== undefined) add(program, (await load())(context, setExit));
  return program;
}

/** Names of the commands that are needed; of one that there is not when all are. */
function commandsFor([word = "", ...rest]: readonly string[]): readonly string[] {
  if (ABOUT_OTHERS.includes(word)) return [""];
  if (word !== "__complete") return [word];
  // The last word is the one that is asked for: whoever has typed a command before it asks about this one.
  const [first = "", ...more] = rest[0] === "--" ? rest.slice(1) : rest;
  return [word, more.length === 0 ? "" : first];
}

function loadOf(name: string): Load | undefined {
  return [...Object.values(COMMANDS), HIDDEN_COMMANDS].find((commands) => Object.hasOwn(commands, name))?.[name];
}

function emptyProgram(context: Context): CommandUnknownOpts {
  return new Command("sbx")
    .description("Run AI coding agents on this machine without giving them the machine")
    .version(context.version, "-V, --version", "print the version")
    .helpCommand(false)
    .enablePositionalOptions()
    .showHelpAfterError("(add --help for usage)")
    .exitOverride()
    .configureOutput({
      writeOut: context.io.out,
      writeErr: context.io.err,
      getOutHasColors: () => context.io.colour.stdout,
      getErrHasColors: () => context.io.colour.stderr,
      getOutHelpWidth: () => context.io.size()?.columns ?? 100,
      getErrHelpWidth: () => context.io.size()?.columns ?? 100,
    })
    .configureHelp({ showGlobalOptions: false, optionDescription: describeOption })
    .addHelpText("after", "\nExit codes: the agent's or command's own; 125 when sbx itself failed, 2 for a wrong command line, 130 when interrupted.");
}

/** As commander does, but a repeatable option that is empty at first says nothing of its default. */
function describeOption({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const byDefault = defaultValueDescription ?? (defaultValue === undefined || Array.isArray(defaultValue) ? undefined : String(defaultValue));
  const more = [...(argChoices === undefined ? [] : [argChoices.join(", ")]), ...(byDefault === undefined ? [] : [`default: ${byDefault}`])];
  return more.length === 0 ? description : `${description} (${more.join("; ")})`;
}

/** addCommand() alone leaves exitOverride and configureOutput behind, for commands of commands too, however deep. */
function add(parent: CommandUnknownOpts, command: CommandUnknownOpts): void {
  parent.addCommand(command.copyInheritedSettings(parent));
  inherit(command);
}

function addHidden(parent: CommandUnknownOpts, command: CommandUnknownOpts): void {
  parent.addCommand(command.copyInheritedSettings(parent), { hidden: true });
}

function inherit(command: CommandUnknownOpts): void {
  for (const child of command.commands) inherit(child.copyInheritedSettings(command));
}
