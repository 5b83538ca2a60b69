import { AppError } from "@sbx/contracts";
import { listOf, readDockerfile, type Instruction } from "@sbx/core";

/** A here-document that the assembler left: the classic builder would take it for instructions. */
const HERE_DOCUMENT = /^(?!\s*#).*\s\d*<<-?["']?[A-Za-z_]/m;
const BUILDKIT_FLAG = /^--(?:link|parents|exclude|checksum|keep-git-dir)\b/;
/** What could be more than a path of the context, at once or after the builder took quotes, escapes and variables away. */
const NO_PLAIN_PATH = /[$:"'\\]|^git@|^github\.com\//;
const BASES: ReadonlySet<string> = new Set(["$SBX_BASE", "${SBX_BASE}", "scratch"]);

/** An instruction and the stages before its own. */
interface Placed {
  readonly instruction: Instruction;
  readonly stages: readonly string[];
}

/**
 * Refuse a recipe that the classic builder would misread, or that has the engine itself fetch something: `ADD` of an
 * address reaches whatever the host reaches, and `FROM` and `COPY --from` take any image that the engine has or may pull.
 *
 * @throws AppError `KIT_INVALID` with the line; `KIT_UNSUPPORTED` for what only BuildKit understands.
 */
export function checkDockerfile(name: string, dockerfile: string): void {
  const invalid = (message: string, fix: string): AppError => new AppError("KIT_INVALID", { message, fix });
  if (HERE_DOCUMENT.test(dockerfile)) throw unsupported(name, "a here-document");
  const instructions = readDockerfile(name, dockerfile);
  const what = instructions.map(unsupportedIn).find((found) => found !== undefined);
  if (what !== undefined) throw unsupported(name, what);
  if (!instructions.some((one) => one.name === "FROM")) throw invalid(`The Dockerfile of agent "${name}" has no FROM.`, 'Begin it with the lines "ARG SBX_BASE" and "FROM ${SBX_BASE}".');
  for (const placed of place(instructions)) {
    const fix = problemOf(placed);
    const { name: what, line } = placed.instruction;
    if (fix !== undefined) throw invalid(`Line ${line} of the Dockerfile of agent "${name}" has ${what} in a form that a Kit may not use.`, fix);
  }
}

function unsupported(name: string, what: string): AppError {
  return new AppError("KIT_UNSUPPORTED", {
    message: `The Dockerfile of agent "${name}" uses ${what}, which needs BuildKit.`,
    fix: "Write it with plain RUN, COPY and ADD: images are built by the engine's classic builder.",
  });
}

function unsupportedIn({ name, flags }: Instruction): string | undefined {
  if (name === "RUN" && flags.length > 0) return "RUN with --mount, --network or --security";
  const isCopy = name === "COPY" || name === "ADD";
  return isCopy && flags.some((flag) => BUILDKIT_FLAG.test(flag)) ? "COPY or ADD with --link, --parents, --exclude, --checksum or --keep-git-dir" : undefined;
}

/** Stages come by their names, "" for one without; the stage that an instruction is in is none of its own. */
function* place(instructions: readonly Instruction[]): Generator<Placed> {
  let stages: readonly string[] = [];
  let current: string | undefined;
  for (const instruction of instructions) {
    if (instruction.name === "FROM") {
      if (current !== undefined) stages = [...stages, current];
      current = /[ \t]as[ \t]+([^ \t]+)$/i.exec(instruction.rest)?.[1]?.toLowerCase() ?? "";
    }
    yield { instruction, stages };
  }
}

/** What to write instead; `undefined` when the instruction is one that a Kit may have. */
function problemOf({ instruction, stages }: Placed): string | undefined {
  switch (instruction.name) {
    case "FROM":
      return isOwnBase(instruction, stages) ? undefined : "Begin each stage with FROM ${SBX_BASE}, FROM scratch or the name of an earlier stage, without flags.";
    case "ONBUILD":
      return "Write the instruction without ONBUILD: nothing is built on an agent's image.";
    case "COPY":
    case "ADD":
      if (!instruction.flags.every((flag) => isPlainFlag(flag, stages))) return "Use --chown=, --chmod= and --from= without quotes; --from takes the name or number of an earlier stage of this file.";
      return instruction.name === "COPY" || addsOnlyFiles(instruction.rest) ? undefined : "ADD only plain paths of the Kit's directory; fetch with RUN, which has the network of a build.";
    default:
      return undefined;
  }
}

function isOwnBase({ flags, rest }: Instruction, stages: readonly string[]): boolean {
  const [, image = ""] = /^([^ \t]+)(?:[ \t]+as[ \t]+[^ \t]+)?$/i.exec(rest) ?? [];
  return flags.length === 0 && (BASES.has(image) || isStage(image, stages));
}

function isStage(name: string, stages: readonly string[]): boolean {
  return name !== "" && stages.includes(name.toLowerCase());
}

function isPlainFlag(flag: string, stages: readonly string[]): boolean {
  const [, name, value = ""] = /^--([a-z]+)=([^"'\\]+)$/.exec(flag) ?? [];
  if (name !== "from") return name !== undefined;
  return isStage(value, stages) || (/^\d{1,4}$/.test(value) && Number(value) < stages.length);
}

function addsOnlyFiles(rest: string): boolean {
  const words = rest.startsWith("[") ? listOf(rest) : rest.split(/[ \t]+/);
  return words !== undefined && !words.slice(0, -1).some((word) => NO_PLAIN_PATH.test(word));
}
