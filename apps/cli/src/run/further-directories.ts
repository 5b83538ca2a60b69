import { stat } from "node:fs/promises";
import type { Context } from "../context.ts";
import { isPath, splitRunArguments, type RunArguments } from "./split-run-arguments.ts";
import { absolutePath } from "./workspace-path.ts";

/**
 * The same as {@link splitRunArguments}, where further directories need no "--": words after PATH that are all written as
 * paths, and all are directories of this machine, are no words for an agent.
 *
 * @throws AppError `USAGE` as that does
 */
export async function readRunArguments(rest: readonly string[], context: Pick<Context, "cwd" | "home">): Promise<RunArguments> {
  const split = splitRunArguments(rest);
  if (split.path === undefined || split.args.length === 0 || rest.includes("--") || !split.args.every(isPath)) return split;
  const are = await Promise.all(split.args.map((word) => isDirectory(word.replace(/:r[ow]$/, ""), context)));
  return are.includes(false) ? split : { ...split, more: split.args, args: [] };
}

async function isDirectory(text: string, context: Pick<Context, "cwd" | "home">): Promise<boolean> {
  const found = await stat(absolutePath(text, context)).catch(() => undefined);
  return found?.isDirectory() === true;
}
