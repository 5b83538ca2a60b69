import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { capture } from "./run-tool.ts";

export interface TrackedFile {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Every text file that is or is about to be committed; what is ignored, binary or gone from the work tree is left out. */
export async function trackedFiles(root: string): Promise<readonly TrackedFile[]> {
  const { code, output } = await capture("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], root);
  if (code !== 0) throw new Error(`git could not list the files: ${output}`);
  const names = [...new Set(output.split("\0"))].filter((name) => name !== "");
  const files = await Promise.all(names.map(async (name) => await readText(root, name)));
  return files.filter((file) => file !== undefined);
}

async function readText(root: string, name: string): Promise<TrackedFile | undefined> {
  const place = path.join(root, name);
  const isFile = await stat(place).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) return undefined;
  const bytes = await readFile(place);
  return bytes.includes(0) ? undefined : { path: name, text: bytes.toString("utf8") };
}
