import { readFile } from "node:fs/promises";
import * as z from "zod";
import type { WorkspaceRequest } from "@sbx/core";
import { writeDurably } from "./journal.ts";
import { openAbsolute } from "./open-place.ts";
import { isCompared, TextReader } from "./text-reader.ts";
import { walkFiles, type WalkedFile } from "./walk-files.ts";

/** What is kept of a file: enough to see that it changed. */
const Seen = z.tuple([z.enum(["directory", "file", "link", "special"]), z.number(), z.number(), z.number(), z.number(), z.number()]);
const Tree = z.object({ files: z.record(z.string(), Seen), truncated: z.boolean(), texts: z.record(z.string(), z.string()) });
/** What the writable directories of a sandbox held when it started, by absolute path of each. */
export const Snapshot = z.object({ version: z.literal(1), trees: z.record(z.string(), Tree) });
export type Snapshot = z.infer<typeof Snapshot>;
export type TreeSnapshot = z.infer<typeof Tree>;

/** Numbers by which a file is compared with itself. */
export function seenOf({ kind, mode, sizeBytes, mtimeMs, ctimeMs, ino }: WalkedFile): z.infer<typeof Seen> {
  return [kind, mode, sizeBytes, mtimeMs, ctimeMs, ino];
}

/** Note what the writable directories hold. A crash of the daemon does not lose it. */
export async function snapshotWorkspace({ directory, workspace, extra }: WorkspaceRequest): Promise<void> {
  const trees: Record<string, TreeSnapshot> = {};
  const texts = new TextReader();
  for (const root of [workspace, ...extra.filter(({ readonly }) => !readonly).map(({ path }) => path)]) trees[root] = await snapshotTree(root, texts);
  await writeDurably(`${directory}/snapshot.json`, JSON.stringify({ version: 1, trees } satisfies Snapshot));
}

async function snapshotTree(root: string, reader: TextReader): Promise<TreeSnapshot> {
  const { files, truncated } = await walkFiles(root);
  const texts: Record<string, string> = {};
  const opened = openAbsolute(root);
  if (typeof opened === "string") return { files: {}, truncated: true, texts };
  using place = opened;
  for (const { path, kind } of files) {
    if (kind !== "file" || !isCompared(path)) continue;
    const compared = await reader.read(place, path);
    if (compared === undefined) break;
    // One that cannot be judged counts as empty: later all that it names is new.
    if ("text" in compared) texts[path] = compared.text;
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
