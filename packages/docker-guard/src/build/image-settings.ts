import { posix } from "node:path";
import { listOf, type Instruction } from "@sbx/core";
import type { ImageConfig } from "../images/image-config.ts";
import { OWN_LABELS } from "../routes/schema/field.ts";
import { printable, Refusal } from "../refusal.ts";
import { expandWord, refuseLarge, splitWords, type Variables } from "./expand.ts";
import { readHealthcheck } from "./read-healthcheck.ts";

/** An image's settings while it is built. */
export interface Settings {
  readonly config: ImageConfig;
  readonly author: string | undefined;
  /** CMD was said since FROM: an ENTRYPOINT leaves it then. */
  readonly commandSaid: boolean;
}

interface Setting {
  readonly settings: Settings;
  readonly instruction: Instruction;
  readonly variables: Variables;
}

const DEFAULT_SHELL = ["/bin/sh", "-c"];
const MAX_PORTS = 1024;

/** The words that run a shell's command. */
export function shellOf({ Shell }: ImageConfig): readonly string[] {
  return Shell === undefined || Shell.length === 0 ? DEFAULT_SHELL : Shell;
}

/** Directory of an image, or the root. */
export function workdirOf({ WorkingDir = "" }: ImageConfig): string {
  return posix.resolve("/", WorkingDir);
}

/** What each instruction does that changes nothing but settings. */
const SETTING: Readonly<Record<string, (setting: Setting) => Settings>> = {
  CMD: ({ settings, instruction: { rest } }) => ({ ...settings, config: { ...settings.config, Cmd: commandOf(rest, settings.config) }, commandSaid: true }),
  ENTRYPOINT: ({ settings, instruction: { rest } }) => {
    const { Cmd, ...others } = settings.config;
    return { ...settings, config: { ...others, Cmd: settings.commandSaid ? Cmd : undefined, Entrypoint: commandOf(rest, settings.config) } };
  },
  ENV: ({ settings, instruction: { rest }, variables }) => {
    const pairs = readPairs(rest, variables);
    const names = new Set(pairs.map(([name]) => name));
    const kept = (settings.config.Env ?? []).filter((line) => !names.has(line.slice(0, line.indexOf("="))));
    return changed(settings, { Env: [...kept, ...new Map(pairs)].map((one) => (typeof one === "string" ? one : `${one[0]}=${one[1]}`)) });
  },
  EXPOSE: ({ settings, instruction: { rest }, variables }) => {
    const all = new Set(Object.keys(settings.config.ExposedPorts ?? {}));
    for (const word of splitWords(rest)) {
      for (const port of expandWord(word, variables)
        .split(/[ \t]+/)
        .flatMap(portsOf))
        all.add(port);
      if (all.size > MAX_PORTS) throw new Refusal(400, `an image exposes at most ${MAX_PORTS} ports`);
    }
    return changed(settings, { ExposedPorts: Object.fromEntries([...all].map((port) => [port, {}])) });
  },
  HEALTHCHECK: ({ settings, instruction }) => changed(settings, { Healthcheck: readHealthcheck(instruction, shellOf(settings.config)) }),
  LABEL: ({ settings, instruction: { rest }, variables }) => {
    const Labels = { ...settings.config.Labels, ...labelsOf(readPairs(rest, variables)) };
    refuseLarge(Object.entries(Labels));
    return changed(settings, { Labels });
  },
  MAINTAINER: ({ settings, instruction: { rest } }) => ({ ...settings, author: rest }),
  SHELL: ({ settings, instruction: { rest } }) => {
    const Shell = listOf(rest);
    if (Shell === undefined || Shell.length === 0) throw new Refusal(400, 'SHELL takes a list of words in JSON: SHELL ["/bin/bash", "-c"]');
    return changed(settings, { Shell: [...Shell] });
  },
  STOPSIGNAL: ({ settings, instruction: { rest }, variables }) => {
    const StopSignal = expandWord(rest, variables);
    if (!/^[A-Z0-9+-]{1,16}$/.test(StopSignal)) throw new Refusal(400, `STOPSIGNAL takes the name or number of a signal, not "${printable(StopSignal)}"`);
    return changed(settings, { StopSignal });
  },
  USER: ({ settings, instruction: { rest }, variables }) => {
    const User = expandWord(rest, variables);
    if (!/^[A-Za-z0-9_.-]{1,64}(?::[A-Za-z0-9_.-]{1,64})?$/.test(User)) throw new Refusal(400, `USER takes USER or USER:GROUP, not "${printable(User)}"`);
    return changed(settings, { User });
  },
  VOLUME: ({ settings, instruction: { rest }, variables }) => {
    const paths = (listOf(rest) ?? splitWords(rest)).map((word) => expandWord(word, variables));
    if (paths.length === 0 || paths.includes("")) throw new Refusal(400, "VOLUME takes paths");
    refuseLarge([...Object.keys(settings.config.Volumes ?? {}), ...paths].map((path) => [path, ""]));
    return changed(settings, { Volumes: { ...settings.config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) } });
  },
  WORKDIR: ({ settings, instruction: { rest }, variables }) => {
    const path = expandWord(rest, variables);
    if (path === "") throw new Refusal(400, "WORKDIR takes a path");
    return changed(settings, { WorkingDir: posix.resolve(workdirOf(settings.config), path) });
  },
};

/** Whether an instruction changes settings alone. */
export function isSetting(name: string): boolean {
  return Object.hasOwn(SETTING, name);
}

/** Carry out an instruction that changes settings alone. @throws Refusal 400 */
export function applySetting(settings: Settings, instruction: Instruction, variables: Variables): Settings {
  const apply = isSetting(instruction.name) ? SETTING[instruction.name] : undefined;
  if (apply === undefined) throw new Refusal(400, `${printable(instruction.name)} does not change an image's settings`);
  if (instruction.rest.trim() === "") throw new Refusal(400, `${instruction.name} takes something`);
  if (instruction.name !== "HEALTHCHECK" && instruction.flags.length > 0) throw new Refusal(400, `${instruction.name} has no flags: ${printable(instruction.flags.join(" "))}`);
  return apply({ settings, instruction, variables });
}

/** Pairs of `a=b "c d"=e`, or of the older `a rest of the line`. */
export function readPairs(rest: string, variables: Variables): readonly (readonly [string, string])[] {
  const words = splitWords(rest);
  if (words[0]?.includes("=") !== true) {
    const [, name = "", value] = /^([^ \t]+)[ \t]+(.*)$/.exec(rest) ?? [];
    if (value === undefined) throw new Refusal(400, `"${printable(rest)}" is not NAME=VALUE`);
    return [[expandWord(name, variables), expandWord(value, variables)]];
  }
  const pairs = words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 1) throw new Refusal(400, `"${printable(word)}" is not NAME=VALUE`);
    return [expandWord(word.slice(0, equals), variables), expandWord(word.slice(equals + 1), variables)] as const;
  });
  refuseLarge(pairs);
  return pairs;
}

function changed(settings: Settings, change: Partial<ImageConfig>): Settings {
  return { ...settings, config: { ...settings.config, ...change } };
}

function commandOf(rest: string, config: ImageConfig): string[] {
  return [...(listOf(rest) ?? [...shellOf(config), rest])];
}

function labelsOf(pairs: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  if (pairs.some(([name]) => name.toLowerCase().startsWith(OWN_LABELS))) throw new Refusal(400, `labels that begin with ${OWN_LABELS} are sbx's own; use another prefix`);
  return Object.fromEntries(pairs);
}

function portsOf(word: string): readonly string[] {
  const [, first = "", last = first, kind = "tcp"] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === "" || from < 1 || to > 65_535 || to < from || to - from >= MAX_PORTS) throw new Refusal(400, `"${printable(word)}" is no port`);
  return Array.from({ length: to - from + 1 }, (_, at) => `${from + at}/${kind.toLowerCase()}`);
}
