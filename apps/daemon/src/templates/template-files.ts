import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { TemplateRecord, type TemplateStore } from "@sbx/core";
import { writeAtomically } from "../files/write-atomically.ts";
import { namesIn } from "../state/names-in.ts";

/** Keep a file for each template in a directory. One that cannot be read is passed over and told of. */
export function createTemplateFiles(directory: string, onUnreadable: (error: unknown) => void): TemplateStore {
  // A name has no slash, and letters of one case but for its tag.
  const fileOf = (name: string): string => path.join(directory, `${encodeURIComponent(name)}.json`);
  return {
    list: () =>
      namesIn(directory)
        .filter((name) => name.endsWith(".json"))
        .toSorted()
        .flatMap((name) => {
          try {
            return [TemplateRecord.parse(JSON.parse(readFileSync(path.join(directory, name), "utf8")))];
          } catch (error) {
            onUnreadable(error);
            return [];
          }
        }),
    put: (record) => {
      writeAtomically(fileOf(record.name), `${JSON.stringify(record, null, 2)}\n`);
    },
    remove: (name) => {
      rmSync(fileOf(name), { force: true });
    },
  };
}
