import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { ContextFile } from "./context-file.ts";

/** A larger file counts by its size and time of change: reading it for each sandbox would cost more than all else. */
const READ_BYTES = 32 << 20;

/** Everything that decides what an image holds. */
export interface RecipeContent {
  readonly dockerfile: string;
  readonly files: readonly ContextFile[];
  /** What else decides the result: the parent's reference, versions of large files that are not read, build arguments. */
  readonly facts: Readonly<Record<string, string>>;
}

/** Name the content of a recipe: 16 hexadecimal digits of SHA-256. Facts count in any order, files in the order given. */
export async function recipeHash({ dockerfile, files, facts }: RecipeContent): Promise<string> {
  const hash = createHash("sha256");
  // Every part goes in with its length, so that no two recipes write the same bytes.
  const add = (part: string | Buffer): void => {
    hash.update(`${Buffer.byteLength(part)}:`).update(part);
  };
  add(dockerfile);
  for (const [key, value] of Object.entries(facts).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    add(key);
    add(value);
  }
  for (const file of files) {
    add(file.kind);
    add(file.path);
    if (file.kind !== "link" && file.mode !== undefined) add(`mode ${file.mode.toString(8)}`);
    if (file.kind === "text") add(file.text);
    if (file.kind === "link") add(file.target);
    if (file.kind === "file") {
      add(file.executable ? "x" : "-");
      add(file.sizeBytes > READ_BYTES ? await standIn(file.source) : await readFile(file.source));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

async function standIn(source: string): Promise<string> {
  const { size, mtimeMs } = await stat(source);
  return `${size} bytes of ${mtimeMs}`;
}
