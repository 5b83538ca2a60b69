import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";

/** What the adapter remembers of a sandbox. Of its Kits and what was decided of them it remembers nothing: that is the runtime's. */
const KeptSandbox = z.strictObject({
  sandbox: z.string(),
  workspace: z.string(),
  /** Which store of skills its daemon has, where it is not the seeded one. */
  store: z.enum(["missing", "empty"]).optional(),
  /** Types that no Kit gets when it is made anew, where the suite said. */
  reject: z.array(z.string()).optional(),
});
export type KeptSandbox = z.infer<typeof KeptSandbox>;

const ID = /^tck-[0-9a-f]{12}$/;

/** The adapter's memory between two of its calls: a file for each sandbox, also for one that is gone, whose storage is asked for. */
export interface KeptSandboxes {
  readonly newId: () => string;
  readonly read: (id: string) => Promise<KeptSandbox | undefined>;
  readonly write: (id: string, kept: KeptSandbox) => Promise<void>;
}

/** Keep sandboxes in a directory, which is made when it is needed. */
export function keptIn(directory: string): KeptSandboxes {
  const place = (id: string): string | undefined => (ID.test(id) ? path.join(directory, `${id}.json`) : undefined);
  return {
    newId: () => `tck-${randomBytes(6).toString("hex")}`,
    async read(id) {
      const file = place(id);
      const text = file === undefined ? undefined : await readFile(file, "utf8").catch(() => undefined);
      return text === undefined ? undefined : KeptSandbox.parse(JSON.parse(text));
    },
    async write(id, kept) {
      const file = place(id);
      if (file === undefined) throw new Error(`${id} is no id of a sandbox`);
      await mkdir(directory, { recursive: true });
      await writeFile(`${file}.new`, JSON.stringify(kept));
      await rename(`${file}.new`, file);
    },
  };
}
