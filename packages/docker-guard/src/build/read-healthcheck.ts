import { listOf, type Instruction } from "@sbx/core";
import type { ImageConfig } from "../images/image-config.ts";
import { printable, Refusal } from "../refusal.ts";

const UNIT_NS = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 } as const;

/** Read HEALTHCHECK with its flags. @throws Refusal 400 */
export function readHealthcheck({ flags, rest }: Instruction, shell: readonly string[]): ImageConfig["Healthcheck"] {
  const none = { Test: ["NONE"], Interval: undefined, Timeout: undefined, StartPeriod: undefined, Retries: undefined };
  if (/^none$/i.test(rest) && flags.length === 0) return none;
  const [, words] = /^cmd[ \t]+(.+)$/i.exec(rest) ?? [];
  if (words === undefined) throw new Refusal(400, "HEALTHCHECK is followed by NONE, or by CMD and a command");
  const list = listOf(words);
  const Test = list === undefined ? (isPlain(shell) ? ["CMD-SHELL", words] : ["CMD", ...shell, words]) : ["CMD", ...list];
  const given = new Map(flags.map(flagOf));
  return { Test, Interval: nanoseconds(given.get("interval")), Timeout: nanoseconds(given.get("timeout")), StartPeriod: nanoseconds(given.get("start-period")), Retries: count(given.get("retries")) };
}

function isPlain(shell: readonly string[]): boolean {
  return shell.length === 2 && shell[0] === "/bin/sh" && shell[1] === "-c";
}

function flagOf(flag: string): readonly [string, string] {
  const [, name = "", value = ""] = /^--(interval|timeout|start-period|start-interval|retries)=(.+)$/.exec(flag) ?? [];
  if (name === "") throw new Refusal(400, `HEALTHCHECK has no flag ${printable(flag)}`);
  return [name, value];
}

function nanoseconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|\u00B5s|ms|s|m|h)/g)];
  const total = parts.reduce((sum, [, number = "0", unit = "s"]) => sum + Number(number) * UNIT_NS[unit as keyof typeof UNIT_NS], 0);
  if (parts.map(([whole]) => whole).join("") !== text || !(total >= 1e6 && total <= 24 * 3600e9)) throw new Refusal(400, `"${printable(text)}" is no time from a millisecond to a day, as 30s`);
  return Math.round(total);
}

function count(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,3}$/.test(text)) throw new Refusal(400, `"${printable(text)}" is no number of retries`);
  return Number(text);
}
