import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

/** The image that the suite's Kits start from, and ours in its stead: it has the same tools, and the same user. */
const ORIGINAL = /^(?<indent>[ \t]*)FROM[ \t]+(?:docker\.io\/)?docker\/sandbox-templates:\S+[ \t]*$/gm;

/** Put sbx's base image in the place of the suite's own in the text of a Dockerfile, or of a descriptor that has one inside. */
export function withLookAlike(text: string): string {
  return text.replaceAll(ORIGINAL, "$<indent>ARG SBX_BASE\n$<indent>FROM ${SBX_BASE}\n$<indent>USER agent");
}

/** Copy the suite's Kits with the base image replaced. Resolves with how many files were changed. */
export async function copyWithLookAlike(from: string, to: string): Promise<number> {
  await cp(from, to, { recursive: true });
  let changed = 0;
  for (const entry of await readdir(to, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(?:yaml|dockerfile)$/.test(entry.name)) continue;
    const file = path.join(entry.parentPath, entry.name);
    const text = await readFile(file, "utf8");
    const alike = withLookAlike(text);
    if (alike === text) continue;
    await writeFile(file, alike);
    changed += 1;
  }
  return changed;
}
