import { realpath, stat } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "../context.ts";

/** The directory that a person means, without links; whether it may be a workspace is the daemon's decision. */
export async function workspacePath(text: string, { cwd, home }: Pick<Context, "cwd" | "home">): Promise<string> {
  const whole = absolutePath(text, { cwd, home });
  const fix = "Name a directory that is there: sbx run AGENT PATH";
  const found = await realpath(whole).catch((error: unknown) => {
    throw new AppError("WORKSPACE_INVALID", { message: `The workspace "${text}" cannot be found`, fix, cause: error });
  });
  if (!(await stat(found)).isDirectory()) throw new AppError("WORKSPACE_INVALID", { message: `The workspace "${text}" is no directory`, fix });
  return found;
}

/** Resolve against the current directory, `~` against the home. */
export function absolutePath(text: string, { cwd, home }: Pick<Context, "cwd" | "home">): string {
  const expanded = text === "~" ? home : text.startsWith("~/") ? path.join(home, text.slice(2)) : text;
  return path.resolve(cwd, expanded);
}

/**
 * A volume as other tools write it, `PATH:PATH:ro`, as a further directory, `PATH:ro`.
 *
 * @throws AppError `USAGE` for a named volume, or a directory that is to be somewhere else inside
 */
export function directoryOfVolume(text: string, context: Pick<Context, "cwd" | "home">): string {
  const fix = "Write: --add-dir PATH or --add-dir PATH:ro";
  const parts = text.split(":");
  const last = parts.at(-1) ?? "";
  const mode = parts.length > 1 && /^(ro|rw|readonly)$/.test(last) ? (last === "rw" ? "" : ":ro") : undefined;
  const [from = "", to, ...more] = mode === undefined ? parts : parts.slice(0, -1);
  if (!/^(\.|~|\/)/.test(from) || more.length > 0) throw new AppError("USAGE", { message: `"${text}" is no directory of this machine: a sandbox has no volume but its home`, fix });
  if (to !== undefined && absolutePath(from, context) !== absolutePath(to, context))
    throw new AppError("USAGE", { message: `A directory of the host is at its own path inside, and "${text}" wants it somewhere else`, fix });
  return `${from}${mode ?? ""}`;
}

/** "PATH" or "PATH:ro" of a further directory. */
export async function addDirectory(text: string, context: Pick<Context, "cwd" | "home">): Promise<{ readonly path: string; readonly readonly: boolean }> {
  const [, directory = text, mode] = /^(.+):(ro|rw)$/s.exec(text) ?? [];
  return { path: await workspacePath(directory, context), readonly: mode === "ro" };
}
