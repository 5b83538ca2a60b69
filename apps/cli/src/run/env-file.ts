import { readFile } from "node:fs/promises";
import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "../context.ts";
import { absolutePath } from "./workspace-path.ts";

/**
 * The lines of environment files as `-e` takes them, in order: `KEY=VALUE`, or `KEY` for the value of this terminal. Empty
 * lines and those that begin with `#` are passed over; nothing is unquoted, as in Docker's own files.
 *
 * @throws AppError `USAGE` for a file that cannot be read, or a line that is none of these, by its number
 */
export async function readEnvFiles(files: readonly string[], context: Pick<Context, "cwd" | "home">): Promise<readonly string[]> {
  const all = await Promise.all(files.map(async (file) => envLines(file, await read(file, context))));
  return all.flat();
}

/** The pairs in the text of one file. */
export function envLines(file: string, text: string): readonly string[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const pair = line.trimStart();
    if (pair === "" || pair.startsWith("#")) return [];
    // The value stays out of the message: it may be a secret.
    if (!/^[A-Za-z_][A-Za-z0-9_]*(=|$)/.test(pair))
      throw new AppError("USAGE", { message: `Line ${index + 1} of "${file}" is no KEY=VALUE`, fix: "Write one KEY=VALUE a line, without export and without quotes." });
    return [pair];
  });
}

async function read(file: string, context: Pick<Context, "cwd" | "home">): Promise<string> {
  return await readFile(absolutePath(file, context), "utf8").catch((cause: unknown) => {
    throw new AppError("USAGE", { message: `The environment file "${file}" cannot be read`, fix: "Name a file of KEY=VALUE lines.", cause });
  });
}
