import { open, readFile, rename } from "node:fs/promises";
import * as z from "zod";

const Identity = z.object({ dev: z.string(), ino: z.string() });

/**
 * What was prepared for a sandbox, so that it can be checked and taken away by a daemon that knows nothing else.
 *
 * Mounts are not in it: the kernel's own list says which there are.
 */
export const Journal = z.object({
  version: z.literal(1),
  workspace: z.string(),
  user: z.object({ uid: z.number().int(), gid: z.number().int() }),
  /** What each path must be inside; `under` is what is seen there when the engine does not see our mount. */
  expected: z.array(Identity.extend({ path: z.string(), under: Identity.optional() })),
  /** What was hidden, by real paths: a link that leads there may be another by the next start. */
  hidden: z.array(z.string()).default([]),
  /** Where the `.git` files outside the workspace led at the first start. */
  gitLinks: z.record(z.string(), z.string()),
});
export type Journal = z.infer<typeof Journal>;
export type Expected = Journal["expected"][number];

const NAME = "journal.json";

/** `undefined` when there is none that can be read: a broken one is as good as none, nothing is trusted for being in it. */
export async function readJournal(directory: string): Promise<Journal | undefined> {
  const text = await readFile(`${directory}/${NAME}`, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return Journal.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export async function writeJournal(directory: string, journal: Journal): Promise<void> {
  await writeDurably(`${directory}/${NAME}`, JSON.stringify(journal));
}

/** Replace a file in one step, on the disk when it resolves. */
export async function writeDurably(path: string, content: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
