import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { TOPICS } from "./topics.ts";

/** A page of the manual: the name of its file, and its text in roff. */
export interface ManPage {
  readonly file: string;
  readonly text: string;
}

/** A page for the program and for each command, however deep. */
export function manPages(program: CommandUnknownOpts, version: string): readonly ManPage[] {
  return [pageOf(program, [program.name()], version), ...belowOf(program, [program.name()], version)];
}

function belowOf(command: CommandUnknownOpts, way: readonly string[], version: string): readonly ManPage[] {
  const help = command.createHelp();
  return help
    .visibleCommands(command)
    .filter((child) => child.name() !== "help")
    .flatMap((child) => [pageOf(child, [...way, child.name()], version), ...belowOf(child, [...way, child.name()], version)]);
}

function pageOf(command: CommandUnknownOpts, way: readonly string[], version: string): ManPage {
  const help = command.createHelp();
  const name = way.join("-");
  const sections = [
    `.TH ${quoted(name.toUpperCase())} 1 "" ${quoted(`sbx ${version}`)} "sbx manual"`,
    section("NAME", `${plain(name)} \\- ${plain(command.description())}`),
    section("SYNOPSIS", `.B ${plain(way.join(" "))}\n${plain(command.usage())}`),
    ...listed(
      "ARGUMENTS",
      help.visibleArguments(command).map((argument) => [argument.name(), argument.description]),
    ),
    ...listed(
      "OPTIONS",
      help.visibleOptions(command).map((option) => [option.flags, help.optionDescription(option)]),
    ),
    ...listed(
      "COMMANDS",
      help.visibleCommands(command).map((child) => [child.name(), child.description()]),
    ),
    ...after(command),
    ...(way.length === 1 ? Object.entries(TOPICS).map(([topic, { text }]) => section(topic.toUpperCase(), literal(text))) : [section("SEE ALSO", way.slice(0, -1).join("-") + "(1)")]),
  ];
  return { file: `${name}.1`, text: `${sections.join("\n")}\n` };
}

/** What stands below a command's help: notes and examples. */
function after(command: CommandUnknownOpts): readonly string[] {
  // Commander gives the whole help with them, or the help without.
  const [whole, without] = [wholeHelp(command), command.helpInformation()];
  const text = whole.startsWith(without) ? whole.slice(without.length).trim() : "";
  return text === "" ? [] : [section("NOTES AND EXAMPLES", literal(text))];
}

function wholeHelp(command: CommandUnknownOpts): string {
  let text = "";
  const before = { ...command.configureOutput() };
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  command.configureOutput(before);
  return text;
}

function section(title: string, body: string): string {
  return `.SH ${quoted(title)}\n${body}`;
}

function listed(title: string, entries: readonly (readonly [string, string])[]): readonly string[] {
  if (entries.length === 0) return [];
  return [section(title, entries.map(([term, about]) => `.TP\n.B ${plain(term)}\n${plain(about)}`).join("\n"))];
}

function literal(text: string): string {
  return `.nf\n${text.split("\n").map(plain).join("\n")}\n.fi`;
}

/** Text that roff takes as it is: no escapes, no requests at the beginning of a line, dashes that can be copied. */
function plain(text: string): string {
  const escaped = text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("\n", " ");
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

function quoted(text: string): string {
  return `"${plain(text).replaceAll('"', "")}"`;
}
