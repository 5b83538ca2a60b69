import { AppError } from "@sbx/contracts";

/** One instruction of a Dockerfile: its name in upper case, what follows its flags, and the line it begins on. */
export interface Instruction {
  readonly name: string;
  /** Words such as `--from=x` between the name and the rest, as they stand there. */
  readonly flags: readonly string[];
  readonly rest: string;
  readonly line: number;
}

/** An instruction's text, its continued lines joined. */
interface Logical {
  readonly text: string;
  readonly line: number;
}

const ESCAPE_DIRECTIVE = /^[ \t]*#[ \t]*escape[ \t]*=/i;
const COMMENT = /^[ \t]*#/;
const CONTINUED = /\\[ \t]*$/;
/** Controls but the tab, and spaces but the plain one: engines take some of them for white space. */
const ODD = /[^\P{Cc}\t]|[^\P{Z} ]|\uFEFF/u;

/**
 * Read an agent's Dockerfile as the engine's builder does: comments and empty lines inside a continued instruction do not
 * end it. Everybody who wants to know what stands in one reads it by this.
 *
 * @throws AppError `KIT_INVALID` with the line, where another reader could see other instructions
 */
export function readDockerfile(agent: string, dockerfile: string): readonly Instruction[] {
  return joinLines(agent, dockerfile).map(({ text, line }) => {
    const [, name = "", afterName = ""] = /^[ \t]*([^ \t]+)[ \t]*(.*)$/.exec(text) ?? [];
    const flags: string[] = [];
    let rest = afterName.trim();
    for (let word = flagOf(rest); word !== undefined; word = flagOf(rest)) {
      rest = rest.slice(word.length).trim();
      if (word === "--") break;
      flags.push(word);
    }
    return { name: name.toUpperCase(), flags, rest, line };
  });
}

/** The words of an instruction's rest where it is a JSON list of strings; `undefined` where it is in the other form. */
export function listOf(rest: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(rest);
    return Array.isArray(value) && value.every((word) => typeof word === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}

function flagOf(rest: string): string | undefined {
  return /^--[^ \t]*/.exec(rest)?.[0];
}

function joinLines(agent: string, dockerfile: string): readonly Logical[] {
  const found: Logical[] = [];
  let open: Logical | undefined;
  for (const [index, text] of dockerfile.split(/\r?\n/).entries()) {
    const line = index + 1;
    const why = unclearIn(text, found.length === 0);
    if (why !== undefined) throw new AppError("KIT_INVALID", { message: `Line ${line} of the Dockerfile of agent "${agent}" ${why}.`, fix: "Write the line plainly." });
    if (COMMENT.test(text) || /^[ \t]*$/.test(text)) continue;
    const { text: before, line: begin } = open ?? { text: "", line };
    const joined = { text: before + text.replace(CONTINUED, ""), line: begin };
    open = CONTINUED.test(text) ? joined : undefined;
    if (open === undefined) found.push(joined);
  }
  return open === undefined ? found : [...found, open];
}

function unclearIn(text: string, isFirst: boolean): string | undefined {
  if (COMMENT.test(text)) return isFirst && ESCAPE_DIRECTIVE.test(text) ? "sets another escape character" : undefined;
  if (ODD.test(text)) return "holds a control character or a space of another kind";
  return /\\\\[ \t]*$/.test(text) ? "ends with two backslashes, which some engines take for a continuation" : undefined;
}
