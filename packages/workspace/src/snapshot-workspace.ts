import { readFile } from "node:fs/promises";
import * as z from "zod";
import { packageScripts, type WorkspaceRequest } from "@sbx/core";
import { writeDurably } from "./journal.ts";
import { openAbsolute, readIn, type OpenPlace } from "./open-place.ts";
import { walkFiles, type WalkedFile } from "./walk-files.ts";

/** What is kept of a file: enough to see that it changed. */
const Seen = z.tuple([z.enum(["directory", "file", "link", "special"]), z.number(), z.number(), z.number(), z.number(), z.number()]);
const Tree = z.object({ files: z.record(z.string(), Seen), truncated: z.boolean(), texts: z.record(z.string(), z.string()) });
/** What the writable directories of a sandbox held when it started, by absolute path of each. */
export const Snapshot = z.object({ version: z.literal(1), trees: z.record(z.string(), Tree) });
export type Snapshot = z.infer<typeof Snapshot>;
export type TreeSnapshot = z.infer<typeof Tree>;

const TEXT_BYTES = 256 * 1024;
const MAX_TEXTS = 500;

/** The part of a file that is compared by what it says rather than by its dates; `undefined` when nothing in it is. */
export function comparedText(place: OpenPlace, path: string): string | undefined {
  if (isGitConfig(path)) return readIn(place, path, TEXT_BYTES);
  if (!/(?:^|\/)package\.json$/u.test(path) || path.includes("node_modules/")) return undefined;
  const text = readIn(place, path, TEXT_BYTES);
  return text === undefined ? undefined : packageScripts(text);
}

/** A name that git settings have, in any directory that may be a git directory. */
export function isGitConfig(path: string): boolean {
  return /(?:^|\/)config(?:\.worktree)?$/u.test(path) && !path.includes("node_modules/");
}

/** Numbers by which a file is compared with itself. */
export function seenOf({ kind, mode, sizeBytes, mtimeMs, ctimeMs, ino }: WalkedFile): z.infer<typeof Seen> {
  return [kind, mode, sizeBytes, mtimeMs, ctimeMs, ino];
}

/** Note what the writable directories hold. A crash of the daemon does not lose it. */
export async function snapshotWorkspace({ directory, workspace, extra }: WorkspaceRequest): Promise<void> {
  const trees: Record<string, TreeSnapshot> = {};
  for (const root of [workspace, ...extra.filter(({ readonly }) => !readonly).map(({ path }) => path)]) trees[root] = await snapshotTree(root);
  await writeDurably(`${directory}/snapshot.json`, JSON.stringify({ version: 1, trees } satisfies Snapshot));
}

async function snapshotTree(root: string): Promise<TreeSnapshot> {
  const { files, truncated } = await walkFiles(root);
  const texts: Record<string, string> = {};
  const opened = openAbsolute(root);
  if (typeof opened === "string") return { files: {}, truncated: true, texts };
  using place = opened;
  for (const { path, kind } of files) {
    if (kind !== "file" || Object.keys(texts).length >= MAX_TEXTS) continue;
    const text = comparedText(place, path);
    if (text !== undefined) texts[path] = text;
  }
  return { files: Object.fromEntries(files.map((file) => [file.path, seenOf(file)])), truncated, texts };
}

/** `undefined` when there is none. */
export async function readSnapshot(directory: string): Promise<Snapshot | undefined> {
  try {
    return Snapshot.parse(JSON.parse(await readFile(`${directory}/snapshot.json`, "utf8")));
  } catch {
    return undefined;
  }
}
