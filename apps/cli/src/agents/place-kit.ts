import { randomUUID } from "node:crypto";
import { copyFile, lstat, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { AgentView, Client } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import type { Context } from "../context.ts";
import { absolutePath } from "../run/workspace-path.ts";
import { checkAgentName, ownAgentsDirectory } from "./own-agents.ts";

/** A Kit is a descriptor, a recipe and a few files. */
const MAX_FILES = 2000;

/** Where a Kit goes, and who says whether it can be used. */
export interface KitPlace {
  /** Directory of the person's own Kits. */
  readonly root: string;
  readonly name: string;
  /** Whether one that is there is replaced. */
  readonly replace: boolean;
  readonly client: Client;
}

/**
 * Put a Kit among the person's own, once the daemon has read it and can carry it out: until then it has a hidden name, and
 * one that cannot be used is gone again.
 *
 * @throws AppError `USAGE` when the name is taken, `KIT_INVALID`, `KIT_UNSUPPORTED`
 */
export async function placeKit(fill: (directory: string) => Promise<void>, { root, name, replace, client }: KitPlace): Promise<AgentView> {
  const target = path.join(root, name);
  const isThere = (await lstat(target).catch(() => undefined)) !== undefined;
  if (isThere && !replace) throw new AppError("USAGE", { message: `You have an agent "${name}" already, in ${target}`, fix: "Take another name, or add --force to replace it." });
  const hidden = path.join(root, `.${randomUUID()}`);
  const draft = path.join(hidden, name);
  try {
    await mkdir(draft, { recursive: true, mode: 0o700 });
    await fill(draft);
    await client.showAgent({ agent: draft });
    if (isThere) await rm(target, { recursive: true });
    await rename(draft, target);
  } finally {
    await rm(hidden, { recursive: true, force: true });
  }
  return await client.showAgent({ agent: target });
}

/** Write a Kit's files. */
export function filesOf(files: Readonly<Record<string, string>>): (directory: string) => Promise<void> {
  return async (directory) => {
    for (const [file, text] of Object.entries(files)) await writeFile(path.join(directory, file), text, { mode: 0o600 });
  };
}

/** Copy a Kit's directory: ordinary files alone, and no link, which could lead anywhere. */
function copyOf(source: string): (directory: string) => Promise<void> {
  let count = 0;
  const copy = async (from: string, to: string): Promise<void> => {
    for (const name of await readdir(from)) {
      const [inner, outer] = [path.join(from, name), path.join(to, name)];
      const found = await lstat(inner);
      count += 1;
      if (count > MAX_FILES) throw new AppError("KIT_INVALID", { message: `${source} holds more than ${MAX_FILES} files`, fix: "Name the directory of a Kit." });
      if (found.isDirectory()) {
        await mkdir(outer, { mode: 0o700 });
        await copy(inner, outer);
      } else if (found.isFile()) await copyFile(inner, outer);
      else throw new AppError("KIT_INVALID", { message: `${inner} is no ordinary file`, fix: "A Kit has ordinary files and directories alone." });
    }
  };
  return async (directory) => {
    await copy(source, directory);
  };
}

/** Bring the Kit of a directory, or of an image on disk, to the person's own. @throws AppError as {@link placeKit} does */
export async function addKit(context: Context, from: string, { name, replace }: { readonly name: string | undefined; readonly replace: boolean }): Promise<AgentView> {
  const source = absolutePath(from, context);
  const { client } = await context.daemon.connect();
  const { importImageKit, isImage } = await import("@sbx/kits");
  const image = await isImage(source);
  if (!image) await client.showAgent({ agent: source });
  const called = checkAgentName(name ?? path.basename(source, ".tar").toLowerCase());
  return await placeKit(image ? (directory) => importImageKit(source, directory) : copyOf(source), { root: ownAgentsDirectory(context), name: called, replace, client });
}
