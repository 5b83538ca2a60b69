import { randomBytes } from "node:crypto";
import { chmod, rename, writeFile } from "node:fs/promises";

/** Replace a file in one step, so that a reader sees all of it or the former one. Resolves with its path. */
export async function placeFile(file: string, content: string | Uint8Array, mode: number): Promise<string> {
  const fresh = `${file}.${randomBytes(6).toString("hex")}.new`;
  await writeFile(fresh, content, { mode, flush: true });
  await chmod(fresh, mode);
  await rename(fresh, file);
  return file;
}
