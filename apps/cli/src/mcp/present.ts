import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { escapeHidden, hasHidden } from "../clean-text.ts";
import type { Io } from "../context.ts";

/** How a result is printed. */
export type Format = "human" | "json" | "yaml";

/** What the options of {@link formatOption} and {@link jsonOption} give. */
export interface FormatOptions {
  readonly format?: Format | undefined;
  readonly json?: true | undefined;
}

/** `--format human|json|yaml`, as Docker's commands have it. */
export function formatOption(): Option<"--format <format>", undefined, "human", undefined, false, Format> {
  const parse = (text: string): Format => {
    if (text === "json" || text === "yaml" || text === "human") return text;
    throw new InvalidArgumentError("write human, json or yaml.");
  };
  return new Option("--format <format>", "human, json or yaml").argParser(parse).default("human" as const);
}

/** `--json`, as all commands of sbx have it. */
export function jsonOption(): Option<"--json"> {
  return new Option("--json", "print one JSON document");
}

/** Examples at the end of a command's help. */
export function withExamples<C extends CommandUnknownOpts>(command: C, ...examples: readonly string[]): C {
  command.addHelpText("after", `\nExamples:\n${examples.map((example) => `  $ sbx mcp ${example}`).join("\n")}`);
  return command;
}

/** Print a result: a document in the form that was asked for, or lines for people. */
export async function present<T>(
  io: Io,
  { format, json }: FormatOptions,
  { result, lines }: { readonly result: T; readonly lines: (result: T) => readonly string[] | Promise<readonly string[]> },
): Promise<void> {
  if (json === true || format === "json") io.out(`${escapeHidden(JSON.stringify(result, null, 2))}\n`);
  else if (format === "yaml") io.out(await yamlOf(result));
  else io.out((await lines(result)).map((line) => `${line}\n`).join(""));
}

/** A tab, which YAML lets a text hold as it is, and spaces at an end of a line, which a block of lines may lose. */
const UNSAFE_IN_BLOCKS = /\t|^ [^]*\n|\n | \n/;

/** A value as YAML text. */
export async function yamlOf(value: unknown): Promise<string> {
  const { Document, visit } = await import("yaml");
  const document = new Document(value);
  visit(document, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value === "string" && (hasHidden(scalar.value) || UNSAFE_IN_BLOCKS.test(scalar.value))) scalar.type = "QUOTE_DOUBLE";
    },
  });
  return escapeHidden(document.toString({ lineWidth: 0 }));
}

/** The lines of a text, without the last line end. */
export function linesOf(text: string): readonly string[] {
  return text.replace(/\n$/, "").split("\n");
}
