import { lstat, readdir } from "node:fs/promises";
import path from "node:path";
import type { SkillStore } from "@sbx/core";

/** Names that a skill may have; others are passed over. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/** The skills in a directory of the person's configuration: one directory each. A link in its place is none, since what it leads to could be an agent's. */
export function createSkillStore(configDirectory: string): SkillStore {
  const directory = path.join(configDirectory, "skills");
  return {
    async read() {
      try {
        if (!(await lstat(directory)).isDirectory()) return undefined;
        const entries = await readdir(directory, { withFileTypes: true });
        const names = entries.filter((entry) => entry.isDirectory() && NAME.test(entry.name)).map(({ name }) => name);
        return entries.length === 0 ? undefined : { directory, names: names.toSorted() };
      } catch {
        return undefined;
      }
    },
  };
}
