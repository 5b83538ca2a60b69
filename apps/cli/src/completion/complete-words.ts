import type { CommandUnknownOpts, Option } from "@commander-js/extra-typings";

/** What a shell offers for a word: names, with a few words on each, and whether names of files are meant too. */
export interface Completions {
  readonly candidates: readonly Candidate[];
  readonly files: boolean;
}

export interface Candidate {
  readonly value: string;
  readonly about: string;
}

/** Names that are only known while sbx runs. */
export interface KnownNames {
  sandboxes(): Promise<readonly Candidate[]>;
  agents(): Promise<readonly Candidate[]>;
  templates(): Promise<readonly Candidate[]>;
}

/** Where the command line stands: the command so far, what was given to it, and an option that waits for its value. */
interface Standing {
  readonly command: CommandUnknownOpts;
  readonly given: number;
  readonly waiting: Option | undefined;
  /** What follows belongs to somebody else: an agent, or a command in a sandbox. */
  readonly over: boolean;
}

/** Say what may stand in place of the last of these words, `""` where a new one begins. The program's name is not among them. */
export async function completeWords(program: CommandUnknownOpts, words: readonly string[], known: KnownNames): Promise<Completions> {
  const current = words.at(-1) ?? "";
  const standing = stand(program, words.slice(0, -1));
  const { candidates, files } = await offered(standing, current, known);
  return { candidates: candidates.filter(({ value }) => value.startsWith(current)), files };
}

function stand(program: CommandUnknownOpts, before: readonly string[]): Standing {
  let standing: Standing = { command: program, given: 0, waiting: undefined, over: false };
  for (const word of before) standing = step(standing, word);
  return standing;
}

function step(standing: Standing, word: string): Standing {
  const { command, given, waiting, over } = standing;
  if (over) return standing;
  if (waiting !== undefined) return { ...standing, waiting: undefined };
  if (word === "--") return { ...standing, over: true };
  if (word.startsWith("-") && word !== "-") {
    const option = word.includes("=") ? undefined : command.options.find(({ short, long }) => short === word || long === word);
    return { ...standing, waiting: option?.required === true ? option : undefined };
  }
  const child = given === 0 ? command.commands.find((one) => one.name() === word || one.aliases().includes(word)) : undefined;
  if (child !== undefined) return { command: child, given: 0, waiting: undefined, over: false };
  return { ...standing, given: given + 1, over: PASSES_ON.has(command.name()) && given > 0 };
}

/** Commands that hand on what follows their first argument. */
const PASSES_ON: ReadonlySet<string> = new Set(["run", "exec"]);
const NOTHING: Completions = { candidates: [], files: false };
const FILES: Completions = { candidates: [], files: true };

async function offered({ command, given, waiting, over }: Standing, current: string, known: KnownNames): Promise<Completions> {
  if (over) return FILES;
  if (waiting !== undefined) return await valuesOf(waiting, known);
  if (current.startsWith("-")) return { candidates: optionsOf(command), files: false };
  if (command.commands.length > 0 && given === 0) return { candidates: commandsOf(command), files: false };
  if (command.name() === "cp") return { candidates: (await known.sandboxes()).map(({ value, about }) => ({ value: `${value}:`, about })), files: true };
  return await argumentsOf(command, given, known);
}

async function valuesOf(option: Option, known: KnownNames): Promise<Completions> {
  if (option.argChoices !== undefined) return { candidates: option.argChoices.map((value) => ({ value, about: "" })), files: false };
  if (option.long === "--template") return { candidates: await known.templates(), files: false };
  if (option.long === "--sandbox") return { candidates: await known.sandboxes(), files: false };
  return /path|file|dir/i.test(option.flags) ? FILES : NOTHING;
}

async function argumentsOf(command: CommandUnknownOpts, given: number, known: KnownNames): Promise<Completions> {
  const all = command.registeredArguments;
  const last = all.at(-1);
  const argument = all[given] ?? (last?.variadic === true ? last : undefined);
  switch (argument?.name()) {
    case undefined:
    case "package":
      return NOTHING;
    case "sandbox":
      return { candidates: await known.sandboxes(), files: false };
    case "template":
      return { candidates: await known.templates(), files: false };
    case "agent":
      return { candidates: await known.agents(), files: true };
    case "shell":
      return { candidates: (argument.argChoices ?? []).map((value) => ({ value, about: "" })), files: false };
    default:
      return FILES;
  }
}

function commandsOf(command: CommandUnknownOpts): readonly Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ value: one.name(), about: one.description() }));
}

function optionsOf(command: CommandUnknownOpts): readonly Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, short, description }) => [long, short].flatMap((value) => (value === undefined ? [] : [{ value, about: description }])));
}
