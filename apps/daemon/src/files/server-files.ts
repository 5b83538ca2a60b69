import { chmod, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { ServerPodId } from "@sbx/contracts";
import type { SandboxFiles, ServerFiles } from "@sbx/core";

/** Keep the files of servers' pods beside those of sandboxes: `pods/<id>/` is what the gate sees, `servers/<id>/` what the daemon holds. */
export function createServerFiles(stateDirectory: string, { holdProgram }: Pick<SandboxFiles, "holdProgram">): ServerFiles {
  const tops = { pods: path.join(stateDirectory, "pods"), servers: path.join(stateDirectory, "servers") };
  const made = async (directory: string, mode: number): Promise<string> => {
    await mkdir(directory, { recursive: true, mode });
    return directory;
  };
  const remove = async (id: ServerPodId): Promise<void> => {
    for (const top of Object.values(tops)) await rm(path.join(top, id), { recursive: true, force: true });
  };
  return {
    podDirectory: (id) => made(path.join(tops.pods, id), 0o700),
    workspaceDirectory: (id) => made(path.join(tops.servers, id, "workspace"), 0o700),
    async write(id, name, content) {
      const directory = await made(path.join(tops.servers, id, "files"), 0o755);
      const file = path.join(directory, name);
      // Of a pod that is new: nobody reads it yet, and it is written again for the next one.
      await writeFile(file, content, { mode: 0o644 });
      await chmod(file, 0o644);
      return file;
    },
    holdProgram,
    remove,
    async sweep() {
      for (const top of Object.values(tops)) {
        for (const name of await readdir(top).catch((): string[] => [])) {
          const id = ServerPodId.safeParse(name).data;
          if (id !== undefined) await remove(id);
        }
      }
    },
  };
}
