import { cleanText } from "../clean-text.ts";
import type { Context, Io } from "../context.ts";
import { show } from "../show.ts";
import type { Check } from "./check.ts";
import { daemonChecks } from "./daemon-checks.ts";
import { engineChecks } from "./engine-checks.ts";
import { machineChecks } from "./machine-checks.ts";

const COLOURS = { ok: 32, warn: 33, fail: 31 } as const;

/** Look at everything and print it; true when a sandbox would start. */
export async function runDoctor(context: Context, json: true | undefined): Promise<boolean> {
  const result = (await Promise.all([machineChecks(context), engineChecks(context), daemonChecks(context)])).flat();
  show(context.io, json, { result, lines: (checks) => checks.flatMap((check) => checkLines(check, context.io)) });
  return result.every(({ state }) => state !== "fail");
}

function checkLines({ name, state, detail, fix }: Check, { colour }: Pick<Io, "colour">): readonly string[] {
  const word = state.padEnd(4);
  const label = colour.stdout ? `\u001B[${COLOURS[state]}m${word}\u001B[39m` : word;
  return [`${label}  ${name.padEnd(15)} ${cleanText(detail)}`, ...(fix === undefined ? [] : [`${" ".repeat(22)}fix: ${cleanText(fix)}`])];
}
