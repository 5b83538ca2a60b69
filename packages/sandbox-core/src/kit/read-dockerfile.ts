import { AppError } from "@sbx/contracts";

/** One instruction of a Dockerfile: its name in upper case, what follows its flags, and the line it begins on. */
export interface Instruction {
  readonly name: string;
  /** Words such as `--from=x` between the name and the rest, as they stand there. */
  readonly flags: readonly string[];
  readonly rest: string;
  readonly line: number;
  /** Here-documents that follow it, in order. */
  readonly documents: readonly HereDocument[];
}

/** Text that stands below an instruction, up to a line with its name. */
export interface HereDocument {
  readonly name: string;
  readonly text: string;
  /** Variables in it stand for their values: its name is not in quotes. */
  readonly expands: boolean;
}

/** An instruction's text, its continued lines joined. */
interface Logical {
  readonly text: string;
  readonly line: number;
  readonly documents: readonly HereDocument[];
}

const ESCAPE_DIRECTIVE = /^[ \t]*#[ \t]*escape[ \t]*=/i;
const COMMENT = /^[ \t]*#/;
const CONTINUED = /\\[ \t]*$/;
const CONTROL = /[^\P{Cc}\t]/u;
/** Controls but the tab, and spaces but the plain one: engines take some of them for white space. */
const ODD = /[^\P{Cc}\t]|[^\P{Z} ]|\uFEFF/u;

/** Instructions that may have here-documents. */
const WITH_DOCUMENTS = /^[ \t]*(?:RUN|COPY|ADD)[ \t]/i;
const DOCUMENT = /(?:^|[ \t;&|(])\d*<<(-?)(?:"([A-Za-z_][A-Za-z0-9_]*)"|'([A-Za-z_][A-Za-z0-9_]*)'|([A-Za-z_][A-Za-z0-9_]*))/g;

/**
 * Read an agent's Dockerfile as the engine's builder does, with here-documents below RUN, COPY and ADD: comments and empty lines inside a continued instruction do not
 * end it. Everybody who wants to know what stands in one reads it by this.
 *
 * @throws AppError `KIT_INVALID` with the line, where another reader could see other instructions
 */
export function readDockerfile(agent: string, dockerfile: string): readonly Instruction[] {
  return readBuildFile(dockerfile, (line, why) => new AppError("KIT_INVALID", { message: `Line ${line} of the Dockerfile of agent "${agent}" ${why}.`, fix: "Write the line plainly." }));
}

/** Read any Dockerfile in the same way. @throws what `unclear` makes */
export function readBuildFile(dockerfile: string, unclear: Unclear): readonly Instruction[] {
  return joinLines(dockerfile.split(/\r?\n/), unclear).map(({ text, line, documents }) => {
    const [, name = "", afterName = ""] = /^[ \t]*([^ \t]+)[ \t]*(.*)$/.exec(text) ?? [];
    const flags: string[] = [];
    let rest = afterName.trim();
    for (let word = flagOf(rest); word !== undefined; word = flagOf(rest)) {
      rest = rest.slice(word.length).trim();
      if (word === "--") break;
      flags.push(word);
    }
    return { name: name.toUpperCase(), flags, rest, line, documents };
  });
}

/** Makes the error for a line that readers could take for different things. */
type Unclear = (line: number, why: string) => Error;

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

function joinLines(lines: readonly string[], unclear: Unclear): readonly Logical[] {
  const found: Logical[] = [];
  let open: Omit<Logical, "documents"> | undefined;
  for (let index = 0; index < lines.length; index += 1) {
    const text = lines[index] ?? "";
    const line = index + 1;
    const why = unclearIn(text, found.length === 0);
    if (why !== undefined) throw unclear(line, why);
    if (COMMENT.test(text) || /^[ \t]*$/.test(text)) continue;
    const { text: before, line: begin } = open ?? { text: "", line };
    const joined = { text: before + text.replace(CONTINUED, ""), line: begin };
    open = CONTINUED.test(text) ? joined : undefined;
    if (open !== undefined) continue;
    const { documents, end } = documentsAfter(lines, { from: index + 1, instruction: joined, unclear });
    found.push({ ...joined, documents });
    index = end - 1;
  }
  return open === undefined ? found : [...found, { ...open, documents: [] }];
}

/** Take the here-documents of an instruction that ended before the line at `from`. */
function documentsAfter(
  lines: readonly string[],
  { from, instruction, unclear }: { readonly from: number; readonly instruction: Omit<Logical, "documents">; readonly unclear: Unclear },
): { readonly documents: readonly HereDocument[]; readonly end: number } {
  if (!WITH_DOCUMENTS.test(instruction.text)) return { documents: [], end: from };
  const documents: HereDocument[] = [];
  let end = from;
  for (const [, dash = "", double, single, plain] of instruction.text.matchAll(DOCUMENT)) {
    const name = double ?? single ?? plain ?? "";
    const shown = (text: string) => (dash === "" ? text : text.replace(/^\t+/, ""));
    const last = lines.findIndex((text, at) => at >= end && shown(text) === name);
    if (last === -1) throw unclear(instruction.line, `begins a here-document ${name} that does not end`);
    const odd = lines.slice(end, last).findIndex((text) => CONTROL.test(text));
    if (odd !== -1) throw unclear(end + odd + 1, "holds a control character");
    documents.push({
      name,
      text: lines
        .slice(end, last)
        .map((text) => `${shown(text)}\n`)
        .join(""),
      expands: plain !== undefined,
    });
    end = last + 1;
  }
  return { documents, end };
}

function unclearIn(text: string, isFirst: boolean): string | undefined {
  if (COMMENT.test(text)) return isFirst && ESCAPE_DIRECTIVE.test(text) ? "sets another escape character" : undefined;
  if (ODD.test(text)) return "holds a control character or a space of another kind";
  return /\\\\[ \t]*$/.test(text) ? "ends with two backslashes, which some engines take for a continuation" : undefined;
}
