import { cleanText } from "../clean-text.ts";
import type { Context, Io } from "../context.ts";
import { show } from "../show.ts";
import type { Check } from "./check.ts";
import { daemonChecks } from "./daemon-checks.ts";
import { engineChecks } from "./engine-checks.ts";
import { machineChecks } from "./machine-checks.ts";

const COLOURS = { ok: 32, warn: 33, fail: 31 } as const;

/** Look at everything, mend what can be mended when asked to, and print it; true when a sandbox would start. */
export async function runDoctor(context: Context, { json, fix = false }: { readonly json?: true | undefined; readonly fix?: boolean }): Promise<boolean> {
  const found = await lookAtAll(context);
  const checks = fix && (await mendAll(found, context.io)) ? await lookAtAll(context) : found;
  show(context.io, json, { result: checks.map(told), lines: (all) => all.flatMap((check) => checkLines(check, context.io)) });
  return checks.every(({ state }) => state !== "fail");
}

/** Every check, those of the machine first. */
export async function lookAtAll(context: Context): Promise<readonly Check[]> {
  return (await Promise.all([machineChecks(context), engineChecks(context), daemonChecks(context)])).flat();
}

/** A check as others are told it: without what would mend it. */
export function told({ mend: _mend, ...check }: Check): Omit<Check, "mend"> {
  return check;
}

/** @returns whether anything was done; each thing is said before it is. */
async function mendAll(checks: readonly Check[], io: Io): Promise<boolean> {
  const mends = checks.flatMap(({ name, mend }) => (mend === undefined ? [] : [{ name, ...mend }]));
  for (const { name, what, run } of mends) {
    io.err(`${name}: ${cleanText(what)}\n`);
    await run();
  }
  const left = checks.filter(({ state, mend }) => state !== "ok" && mend === undefined).length;
  if (mends.length === 0) io.err(left === 0 ? "There is nothing to mend.\n" : "Nothing of this can be mended without you; each line says what to do.\n");
  return mends.length > 0;
}

function checkLines({ name, state, detail, fix }: Omit<Check, "mend">, { colour }: Pick<Io, "colour">): readonly string[] {
  const word = state.padEnd(4);
  const label = colour.stdout ? `\u001B[${COLOURS[state]}m${word}\u001B[39m` : word;
  return [`${label}  ${name.padEnd(15)} ${cleanText(detail)}`, ...(fix === undefined ? [] : [`${" ".repeat(22)}fix: ${cleanText(fix)}`])];
}
