import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";

/** What the adapter remembers of a sandbox: the runtime's own id changes when it is made again, the suite's does not. */
const KeptSandbox = z.strictObject({
  sandbox: z.string(),
  workspace: z.string(),
  references: z.array(z.string()).min(1),
  args: z.record(z.string(), z.string()),
  env: z.record(z.string(), z.string()),
  skills: z.enum(["off", "readonly", "readwrite"]),
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
