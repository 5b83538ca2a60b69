import { createHash, randomBytes } from "node:crypto";
import { chmod, chown, mkdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { SharedDirectory } from "@sbx/contracts";
import type { SharedDirectories, WantedShare } from "@sbx/core";
import { namesIn } from "../state/names-in.ts";
import { placeFile } from "./place-file.ts";

const ID = /^[0-9a-f]{16}$/;

/**
 * Keep them below the daemon's state, one for each Kit and path, with a note of whose it is. What lies in one is what agents
 * wrote: nothing of it is read here.
 */
export function createSharedDirectories(stateDirectory: string): SharedDirectories {
  const root = path.join(stateDirectory, "shared");
  const dataOf = (id: string): string => path.join(root, id, "data");
  const noteOf = (id: string): string => path.join(root, id, "share.json");
  return {
    async open({ kit, path: place, mode, owner }) {
      const id = idOf({ kit, path: place });
      if (!namesIn(root).includes(id)) {
        // Whole or not at all: one of which half was made would have another owner for ever.
        const fresh = path.join(root, `.${id}.${randomBytes(6).toString("hex")}.new`);
        await mkdir(path.join(fresh, "data"), { recursive: true, mode: 0o700 });
        await placeFile(path.join(fresh, "share.json"), JSON.stringify({ kit, path: place }), 0o600);
        if (process.geteuid?.() === 0) await chown(path.join(fresh, "data"), owner.uid, owner.gid);
        await chmod(path.join(fresh, "data"), mode);
        await rename(fresh, path.join(root, id)).catch(async (error: unknown) => {
          await rm(fresh, { recursive: true, force: true });
          // Another start was quicker.
          if (!namesIn(root).includes(id)) throw error;
        });
      }
      return { id, directory: dataOf(id) };
    },
    async list() {
      const found: SharedDirectory[] = [];
      for (const id of namesIn(root).filter((name) => ID.test(name))) {
        const note: unknown = await readFile(noteOf(id), "utf8").then(JSON.parse, () => ({}));
        const share = SharedDirectory.safeParse({ ...Object(note), id, directory: dataOf(id) });
        if (share.success) found.push(share.data);
      }
      return found;
    },
    async remove(id, isUsed) {
      if (!ID.test(id) || !namesIn(root).includes(id)) return "unknown";
      const aside = path.join(root, `.${id}.old`);
      await rm(aside, { recursive: true, force: true });
      await rename(path.join(root, id), aside);
      // Asked where no start finds it any more: nobody may write in what is taken away.
      if (isUsed()) {
        await rename(aside, path.join(root, id));
        return "used";
      }
      await rm(aside, { recursive: true });
      return "removed";
    },
  };
}

/** Kit and path cannot be taken for another pair: neither has a line's end in it that the other could. */
function idOf({ kit, path: place }: Pick<WantedShare, "kit" | "path">): string {
  return createHash("sha256")
    .update(JSON.stringify([kit, place]))
    .digest("hex")
    .slice(0, 16);
}
