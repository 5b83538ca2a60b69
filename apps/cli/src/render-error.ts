import { cleanLines } from "./clean-text.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit-code.ts";

const REPORT = "https://github.com/sbx-dev/sbx/issues";

/**
 * Print an error and give the exit code for it. The only place that turns errors into text.
 *
 * An expected failure prints what happened, how to mend it and its code; anything else is a bug of ours and prints its stack.
 */
export async function renderError(error: unknown, { io, version }: Context, { debug = false }: { readonly debug?: boolean } = {}): Promise<number> {
  if (isUsageOfCommander(error)) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const { AppError } = await import("@sbx/contracts/app-error");
  const label = io.colour.stderr ? "\u001B[31merror:\u001B[39m" : "error:";
  if (AppError.is(error)) {
    const indented = cleanLines(error.message).split("\n").join("\n  ");
    const output = lastLines(textOf(error.details["output"]), 20);
    io.err(`${label} ${indented}\n${output}  fix: ${cleanLines(error.fix).split("\n").join("\n       ")}\n  code: ${error.code}\n${debug ? innards(error) : ""}`);
    if (error.code === "INTERRUPTED") return EXIT.interrupted;
    return error.code === "USAGE" ? EXIT.usage : EXIT.failed;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.err(
    `${label} this is a bug in sbx\n  ${cleanLines(stack).split("\n").join("\n  ")}\n  fix: report it at ${REPORT} with the lines above (sbx ${version}, Node ${process.version}, ${process.platform} ${process.arch})\n`,
  );
  return EXIT.failed;
}

/** What helps whoever looks for the reason: details, and how it came to this. */
function innards({ details, stack = "", cause }: { readonly details: unknown; readonly stack?: string; readonly cause?: unknown }): string {
  const reason = cause instanceof Error ? `\ncaused by ${cause.stack ?? cause.message}` : "";
  return `  details: ${cleanLines(JSON.stringify(details))}\n${cleanLines(`${stack}${reason}`)
    .split("\n")
    .map((line) => `  | ${line}\n`)
    .join("")}`;
}

/** commander has printed its message already; `exitCode` 0 is help or version. */
function isUsageOfCommander(error: unknown): error is Error & { readonly exitCode: number } {
  return error instanceof Error && "exitCode" in error && typeof error.exitCode === "number" && "code" in error && String(error.code).startsWith("commander.");
}

/** Output comes as one text, or as lines. */
function textOf(output: unknown): string {
  if (typeof output === "string") return output;
  return Array.isArray(output) ? output.filter((line) => typeof line === "string").join("\n") : "";
}

function lastLines(text: string, count: number): string {
  return cleanLines(text)
    .trimEnd()
    .split("\n")
    .filter((line) => line !== "")
    .slice(-count)
    .map((line) => `  | ${line}\n`)
    .join("");
}
