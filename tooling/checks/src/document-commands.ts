import type { TrackedFile } from "./tracked-files.ts";

/** A command line that a document shows. */
export interface ShownCommand {
  /** As `file:line`. */
  readonly place: string;
  readonly words: readonly string[];
}

const WORD = /"([^"]*)"|'([^']*)'|([^\s"'#<>|]+)|([#<>|])/g;

/** Every command in the shell blocks of documents, cut into words; comments, redirections and what follows a pipe are left out. */
export function shownCommands(documents: readonly TrackedFile[]): readonly ShownCommand[] {
  return documents.flatMap(({ path, text }) => {
    let inShell = false;
    return text.split("\n").flatMap((line, index) => {
      if (line.startsWith("```")) {
        inShell = line === "```sh";
        return [];
      }
      const words = inShell ? wordsOf(line) : [];
      return words.length === 0 ? [] : [{ place: `${path}:${index + 1}`, words }];
    });
  });
}

function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  for (const [, double, single, plain, end] of line.matchAll(WORD)) {
    if (end !== undefined) break;
    words.push(double ?? single ?? plain ?? "");
  }
  return words;
}

/** The arguments of a command that runs sbx, with or without npx. */
export function sbxArguments({ words }: ShownCommand): readonly string[] | undefined {
  const own = words[0] === "npx" ? words.slice(1) : words;
  return own[0] === "sbx" ? own.slice(1) : undefined;
}

/** The script that a command runs with npm. */
export function npmScript({ words: [program, verb, name] }: ShownCommand): string | undefined {
  if (program !== "npm") return undefined;
  return verb === "run" ? name : verb;
}
