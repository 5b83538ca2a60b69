import { AppError } from "@sbx/contracts";
import { isWithin, listOf, readDockerfile, type Instruction } from "@sbx/core";
import type { ContextFile } from "../context-file.ts";
import { expandDocument, Variables } from "./document-variables.ts";
import { restage, STAGED } from "./restage.ts";
import { runDocuments } from "./run-documents.ts";
import { unassembled } from "./unassembled.ts";

/** A recipe as a person writes it for a newer builder than the engine's own. */
export interface WrittenRecipe {
  readonly name: string;
  readonly dockerfile: string;
  readonly files: readonly ContextFile[];
  /** Build arguments that are given. */
  readonly args?: Readonly<Record<string, string>>;
}

/** The same for the engine's classic builder. */
export interface AssembledRecipe {
  readonly dockerfile: string;
  readonly files: readonly ContextFile[];
}

const DEFAULT_SHELL: readonly string[] = ["/bin/sh", "-c"];
/** The classic builder reads no line that is longer. */
const MAX_LINE = 65_000;

/**
 * Write a recipe anew where it uses what the classic builder lacks: here-documents become files of the context, or arguments
 * of a shell; `--chmod` becomes the modes of files of the context. A recipe that uses none of it stays as it is, to the byte.
 *
 * @throws AppError `KIT_UNSUPPORTED` for a use that cannot be written otherwise, `KIT_INVALID` with the line
 */
export function assembleRecipe({ name, dockerfile, files, args = {} }: WrittenRecipe): AssembledRecipe {
  const instructions = readDockerfile(name, dockerfile);
  if (!instructions.some(needsWork)) return { dockerfile, files };
  if (files.some(({ path }) => isWithin(path, STAGED)))
    throw new AppError("KIT_INVALID", { message: `The directory of agent "${name}" has a file ${STAGED}.`, fix: "Rename the file: this name is taken." });
  const state = new Assembly(name, files, args);
  const lines = instructions.map((instruction) => state.rewrite(instruction));
  const long = lines.findIndex((line) => line.length > MAX_LINE);
  if (long !== -1) throw unassembled(name, { line: instructions[long]?.line ?? 0, what: "an instruction of more than 64,000 characters", fix: "Put the text into a file of the Kit, and COPY it." });
  return { dockerfile: `${lines.join("\n")}\n`, files: [...files, ...state.made] };
}

function needsWork({ name, flags, documents }: Instruction): boolean {
  return documents.length > 0 || ((name === "COPY" || name === "ADD") && flags.some((flag) => flag.startsWith("--chmod")));
}

/** The way through one recipe: what holds at an instruction, and the files made so far. */
class Assembly {
  readonly made: ContextFile[] = [];
  readonly #name: string;
  readonly #files: readonly ContextFile[];
  readonly #variables: Variables;
  /** Shells of stages by name and number: a later stage inherits that of the one it starts from. */
  readonly #shells = new Map<string, readonly string[]>();
  #shell = DEFAULT_SHELL;
  #stage = -1;
  #count = 0;
  #alias = "";

  constructor(name: string, files: readonly ContextFile[], args: Readonly<Record<string, string>>) {
    this.#name = name;
    this.#files = files;
    this.#variables = new Variables(args);
  }

  rewrite(instruction: Instruction): string {
    switch (instruction.name) {
      case "FROM":
        this.#from(instruction);
        return plain(instruction);
      case "SHELL":
        this.#use(listOf(instruction.rest) ?? DEFAULT_SHELL);
        return plain(instruction);
      case "ARG":
      case "ENV":
        this.#variables.learn(instruction);
        return plain(instruction);
      case "RUN":
        return instruction.documents.length === 0 ? plain(instruction) : this.#run(instruction);
      case "COPY":
      case "ADD":
        return instruction.flags.some((flag) => flag.startsWith("--from")) ? this.#copyFromStage(instruction) : this.#copy(instruction);
      default:
        return plain(instruction);
    }
  }

  #from({ rest }: Instruction): void {
    const [, image = "", alias] = /^([^ \t]+)(?:[ \t]+as[ \t]+([^ \t]+))?$/i.exec(rest) ?? [];
    this.#stage += 1;
    this.#shell = this.#shells.get(image.toLowerCase()) ?? DEFAULT_SHELL;
    this.#variables.begin(image.toLowerCase(), alias?.toLowerCase());
    this.#alias = alias?.toLowerCase() ?? String(this.#stage);
    this.#shells.set(this.#alias, this.#shell);
  }

  #use(shell: readonly string[]): void {
    this.#shell = shell;
    this.#shells.set(this.#alias, shell);
  }

  #run(instruction: Instruction): string {
    if (instruction.flags.length > 0)
      throw unassembled(this.#name, { line: instruction.line, what: "RUN with flags and a here-document", fix: "Write RUN without --mount, --network and --security." });
    return `RUN ${plainJson([...this.#shell, runDocuments(instruction)])}`;
  }

  #copyFromStage(instruction: Instruction): string {
    if (needsWork(instruction))
      throw unassembled(this.#name, {
        line: instruction.line,
        what: `${instruction.name} with --from and --chmod, or with a here-document`,
        fix: "Give the files their mode in the stage that they come from.",
      });
    return plain(instruction);
  }

  #copy(instruction: Instruction): string {
    const list = listOf(instruction.rest);
    const words = list ?? instruction.rest.split(/[ \t]+/).filter((word) => !/^\d*<<-?["']?[A-Za-z_]/.test(word));
    const [sources, target] = [words.slice(0, -1), words.at(-1)];
    const isWhole = target !== undefined && sources.length + instruction.documents.length > 0;
    if (!isWhole || !(needsWork(instruction) || sources.some((source) => isWide(source)))) return plain(instruction);
    const from = this.#stageFiles(instruction, sources);
    const flags = instruction.flags.filter((flag) => !flag.startsWith("--chmod"));
    const name = sources.length === 0 ? "COPY" : instruction.name;
    return [name, ...flags, ...(list === undefined ? [...from, target] : [plainJson([...from, target])])].join(" ");
  }

  /** Sources and documents go below a directory of their own, with their modes. Gives what the builder copies then. */
  #stageFiles(instruction: Instruction, sources: readonly string[]): readonly string[] {
    const { line, documents } = instruction;
    const mode = this.#modeOf(instruction);
    if (instruction.name === "ADD" && mode !== undefined && sources.length > 0)
      throw unassembled(this.#name, { line, what: "ADD with --chmod", fix: "Use COPY, or give the files their mode in the Kit's directory." });
    const root = `${STAGED}/${(this.#count += 1)}`;
    const staged = sources.map((source, at) => restage(this.#files, { name: this.#name, line, source, mode, root: `${root}/${at}` }));
    const refuse = (what: string, fix: string): AppError => unassembled(this.#name, { line, what, fix });
    const texts = documents.map(({ name, text, expands }): ContextFile => {
      return { kind: "text", path: `${root}/${name}`, text: expands ? expandDocument(text, this.#variables, refuse) : text, mode: mode ?? 0o644 };
    });
    const directories = [STAGED, root].filter((path) => !this.made.some((file) => file.path === path)).map((path): ContextFile => ({ kind: "directory", path }));
    this.made.push(...directories, ...staged.flatMap(({ files }) => files), ...texts);
    return [...staged.flatMap(({ sources: inner }) => inner), ...texts.map(({ path }) => path)];
  }

  #modeOf({ flags, line }: Instruction): number | undefined {
    const flag = flags.find((one) => one.startsWith("--chmod"));
    if (flag === undefined) return undefined;
    const digits = /^--chmod=([0-7]{3,4})$/.exec(flag)?.[1];
    if (digits === undefined) throw unassembled(this.#name, { line, what: "--chmod in another form than octal digits", fix: "Write the mode as --chmod=0755." });
    return Number.parseInt(digits, 8);
  }
}

/** What stands for more than one name, and so for what is added to the context too. */
function isWide(source: string): boolean {
  return /[*?[]/.test(source) || /^(?:\.?\/)*\.?$/.test(source) || source.includes("..");
}

function plain({ name, flags, rest }: Instruction): string {
  return [name, ...flags, ...(rest.startsWith("--") ? ["--"] : []), ...(rest === "" ? [] : [rest])].join(" ");
}

/** A list for the builder in characters that every reader takes for the same: no second here-document can be seen in it. */
function plainJson(words: readonly string[]): string {
  return JSON.stringify(words).replaceAll(/[^\u0020-\u003B\u003D-\u007E]/g, (character) => String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
