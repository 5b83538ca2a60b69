import { readFile } from "node:fs/promises";

/** A file's text; `undefined` when there is none. Any other failure is thrown as it is. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
