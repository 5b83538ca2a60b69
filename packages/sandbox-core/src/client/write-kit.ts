import { createHash, randomUUID } from "node:crypto";
import { access, mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/** A Kit as its files, by their names. */
export interface KitText {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Write a Kit where the daemon finds it as long as sandboxes use it: in a directory named for its content below `root`, which
 * no sandbox can write. The same Kit is written once, by however many programs.
 *
 * @returns the Kit's directory
 */
export async function writeKit({ name, files }: KitText, root: string): Promise<string> {
  const hash = createHash("sha256")
    .update(JSON.stringify([name, Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1))]))
    .digest("hex")
    .slice(0, 16);
  const place = path.join(root, hash);
  const directory = path.join(place, name);
  if (await isThere(place)) return directory;
  const draft = path.join(root, `.${hash}.${randomUUID()}`);
  await mkdir(path.join(draft, name), { recursive: true, mode: 0o700 });
  try {
    for (const [file, text] of Object.entries(files)) await writeFile(path.join(draft, name, file), text, { mode: 0o600, flush: true });
    await rename(draft, place);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another program was quicker.
    if (!(await isThere(place))) throw error;
  }
  return directory;
}

async function isThere(place: string): Promise<boolean> {
  return await access(place).then(
    () => true,
    () => false,
  );
}
