import { readBuildFile, type Instruction } from "@sbx/core";
import { printable, Refusal } from "../refusal.ts";
import { expandWord, refuseLarge, splitWords, type Variables } from "./expand.ts";
import { isSetting, readPairs } from "./image-settings.ts";

/** One stage of a Dockerfile. */
export interface Stage {
  readonly from: Instruction;
  /** Image or earlier stage, in the words of the file with its variables in place. */
  readonly base: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** A Dockerfile that was read: its stages up to the one that is wanted. */
export interface BuildPlan {
  readonly stages: readonly Stage[];
  /** Values of ARG before the first FROM, for stages that ask for them. */
  readonly globals: Variables;
  readonly steps: number;
}

/** More than any Dockerfile has, and fewer than an image may have layers. */
const MAX_STEPS = 400;
const OTHERS: ReadonlySet<string> = new Set(["FROM", "RUN", "COPY", "ADD", "ARG"]);
const FLAGS: Readonly<Record<string, readonly string[]>> = { COPY: ["from", "chown", "chmod", "link"], ADD: ["chown", "chmod", "link"], FROM: ["platform"], RUN: ["network"] };

/** Read a Dockerfile whole before anything of it is carried out. @throws Refusal 400 with the line */
export function readBuild(text: string, { args, target, platform }: { readonly args: Variables; readonly target: string; readonly platform: Variables }): BuildPlan {
  const instructions = readBuildFile(text, (line, why) => new Refusal(400, `dockerfile parse error line ${line}: it ${why}`));
  if (instructions.length > MAX_STEPS) throw new Refusal(400, `a Dockerfile has at most ${MAX_STEPS} instructions here`);
  for (const instruction of instructions) refuseUnknown(instruction);
  const first = instructions.findIndex(({ name }) => name === "FROM");
  if (first === -1) throw new Refusal(400, "No build stage in current context: the Dockerfile has no FROM");
  const globals = globalsOf(instructions.slice(0, first), { args, platform });
  const stages: Stage[] = [];
  for (const instruction of instructions.slice(first)) {
    if (instruction.name === "FROM") stages.push({ ...fromOf(instruction, globals), instructions: [] });
    else stages.push(withOne(stages.pop(), instruction));
  }
  const last = wantedStage(stages, target);
  const wanted = stages.slice(0, last + 1);
  return { stages: wanted, globals, steps: first + wanted.reduce((sum, stage) => sum + 1 + stage.instructions.length, 0) };
}

/** Read what an image says is to be done first by whoever builds on it (its ONBUILD). @throws Refusal 400 */
export function readTriggers(lines: readonly string[]): readonly Instruction[] {
  const triggers = lines.flatMap((line) => readBuildFile(line, (_line, why) => new Refusal(400, `an instruction of the base image for builds on it ${why}`)));
  for (const trigger of triggers) {
    if (trigger.name === "FROM") throw new Refusal(400, "an instruction of the base image for builds on it is FROM");
    refuseUnknown(trigger);
  }
  return triggers;
}

function refuseUnknown(instruction: Instruction): void {
  const why = whyUnknown(instruction) ?? whyWrongFlag(instruction) ?? whyWrongDocument(instruction);
  if (why !== undefined) throw new Refusal(400, `dockerfile parse error line ${instruction.line}: ${why}`);
}

function whyUnknown({ name, rest }: Instruction): string | undefined {
  if (name === "ONBUILD") return "ONBUILD is not carried out here: write its instruction into the Dockerfile that is built";
  if (!isSetting(name) && !OTHERS.has(name)) return `unknown instruction: ${printable(name)}`;
  return rest === "" ? `${name} takes something` : undefined;
}

function whyWrongFlag({ name, flags }: Instruction): string | undefined {
  if (isSetting(name)) return undefined;
  const wrong = flags.find((flag) => !(FLAGS[name] ?? []).includes(/^--([a-z]+)(?:=|$)/.exec(flag)?.[1] ?? ""));
  if (wrong === undefined) return name === "RUN" && flags.some((flag) => !/^--network=(?:none|default)$/.test(flag)) ? "a step has the network of a container of the sandbox, or none" : undefined;
  return `${name} ${printable(wrong)} is not known here${name === "RUN" ? ": mounts of steps need BuildKit; copy what the step needs" : ""}`;
}

function whyWrongDocument({ name, rest, documents: [first] }: Instruction): string | undefined {
  if (name !== "RUN" || first === undefined || !/^<<\S+$/.test(rest) || !first.text.startsWith("#!")) return undefined;
  return `a here-document is run by the shell; write RUN INTERPRETER <<${first.name} for another one`;
}

function globalsOf(instructions: readonly Instruction[], { args, platform }: { readonly args: Variables; readonly platform: Variables }): Variables {
  const globals = new Map(platform);
  for (const instruction of instructions) {
    if (instruction.name !== "ARG") throw new Refusal(400, `dockerfile parse error line ${instruction.line}: before FROM stands nothing but ARG`);
    for (const [name, value] of readArguments(instruction, globals)) {
      const given = args.get(name) ?? value;
      if (given !== undefined) globals.set(name, given);
    }
    refuseLarge(globals);
  }
  return globals;
}

/** Names of ARG with their defaults. @throws Refusal 400 */
export function readArguments({ rest }: Instruction, variables: Variables): readonly (readonly [string, string | undefined])[] {
  return splitWords(rest).flatMap((word): readonly (readonly [string, string | undefined])[] => {
    if (word.includes("=")) return readPairs(word, variables);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(word)) throw new Refusal(400, `"${printable(word)}" is no name of an argument`);
    return [[word, undefined]];
  });
}

function fromOf(instruction: Instruction, globals: Variables): Omit<Stage, "instructions"> {
  const [, image = "", name] = /^(\S+)(?:[ \t]+as[ \t]+([A-Za-z][A-Za-z0-9_.-]{0,127}))?$/i.exec(instruction.rest) ?? [];
  const base = expandWord(image, globals);
  if (base === "") throw new Refusal(400, `dockerfile parse error line ${instruction.line}: FROM takes an image, and AS a name`);
  const [flag = ""] = instruction.flags;
  const platform = expandWord(flag.replace(/^--platform=/, ""), globals);
  const own = [globals.get("TARGETPLATFORM"), "linux"];
  if (flag !== "" && platform !== "" && !own.includes(platform)) throw new Refusal(400, `images for ${printable(platform)} are not built here, only for ${own[0] ?? ""}`);
  return { from: instruction, base, name: name?.toLowerCase() };
}

function withOne(stage: Stage | undefined, instruction: Instruction): Stage {
  if (stage === undefined) throw new Error("an instruction before the first stage");
  return { ...stage, instructions: [...stage.instructions, instruction] };
}

function wantedStage(stages: readonly Stage[], target: string): number {
  if (target === "") return stages.length - 1;
  const found = stages.findIndex(({ name }, at) => name === target.toLowerCase() || String(at) === target);
  if (found === -1) throw new Refusal(400, `failed to reach build target ${printable(target)} in Dockerfile`);
  return found;
}
