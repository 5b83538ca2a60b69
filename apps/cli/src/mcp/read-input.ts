import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "../context.ts";

/** Longer texts are no catalogs, profiles or configurations, and the daemon would not take them. */
const MAX_BYTES = 3_500_000;

/** A file as a person names it: relative to this directory, `~/` for the home. */
export function filePath({ cwd, home }: Pick<Context, "cwd" | "home">, name: string): string {
  if (name === "~" || name.startsWith("~/")) return path.join(home, name.slice(1));
  return path.resolve(cwd, name.startsWith("file://") ? name.slice("file://".length) : name);
}

/** The text of a file. @throws AppError `USAGE` when there is none, it is no file, or it is too long */
export async function readInput(context: Pick<Context, "cwd" | "home">, name: string): Promise<string> {
  const file = filePath(context, name);
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) throw new AppError("USAGE", { message: `There is no file ${file}`, fix: "Name a file that is there." });
  if (!found.isFile()) throw new AppError("USAGE", { message: `${file} is no file`, fix: "Name a file." });
  if (found.size > MAX_BYTES) throw new AppError("USAGE", { message: `${file} is longer than ${MAX_BYTES} bytes`, fix: "Split it, or import it by its https address." });
  return await readFile(file, "utf8");
}
