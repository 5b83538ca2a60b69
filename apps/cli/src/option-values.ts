import { InvalidArgumentError } from "@commander-js/extra-typings";

/** Gather an option that may be given several times. */
export const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** "90s", "10m", "1h30m" in milliseconds. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  const total = parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ""] ?? Number.NaN), 0);
  if (parts.map(([whole]) => whole).join("") !== text || !(total >= 1)) throw new InvalidArgumentError("write a time such as 90s, 10m or 1h30m.");
  return Math.round(total);
}

/** "512m", "4g", "1.5GiB" in bytes. */
export function parseMemory(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError("write a size such as 512m or 4g.");
  return Math.round(Number(number) * 1024 ** " kmgt".indexOf(unit === "" || unit === undefined ? " " : unit.toLowerCase()));
}

/** A whole number in a range. */
export const parseInteger =
  (from: number, to: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < from || value > to) throw new InvalidArgumentError(`write a whole number from ${from} to ${to}.`);
    return value;
  };

/** A number of processors, parts allowed. */
export function parseCpus(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1024)) throw new InvalidArgumentError("write a number of processors such as 2 or 0.5.");
  return value;
}

/** Repeated ports, gathered. */
export const collectPort = (text: string, before: readonly number[]): readonly number[] => [...before, parseInteger(1, 65_535)(text)];
