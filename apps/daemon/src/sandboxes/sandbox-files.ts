import { existsSync, lstatSync } from "node:fs";
import { chmod, lstat, mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { SandboxId } from "@sbx/contracts";
import type { EngineId, IdProbe, SandboxFiles } from "@sbx/core";
import { placeFile } from "./place-file.ts";

/**
 * Keep each sandbox's files under the state directory: `pods/<id>/` is what the gate sees (its socket alone),
 * `sandboxes/<id>/` what the daemon holds, `bin/` programs taken out of images.
 */
export function createSandboxFiles(stateDirectory: string, readHold: (gateImage: EngineId) => Promise<Buffer>): SandboxFiles {
  const own = (id: SandboxId): string => path.join(stateDirectory, "sandboxes", id);
  const made = async (directory: string, mode: number): Promise<string> => {
    await mkdir(directory, { recursive: true, mode });
    return directory;
  };
  const remove = async (id: SandboxId): Promise<void> => {
    await rm(own(id), { recursive: true, force: true });
    await rm(path.join(stateDirectory, "pods", id), { recursive: true, force: true });
  };
  return {
    podDirectory: (id) => made(path.join(stateDirectory, "pods", id), 0o700),
    workspaceDirectory: (id) => made(path.join(own(id), "workspace"), 0o700),
    async write(id, name, content) {
      const directory = await made(path.join(own(id), "files"), 0o755);
      return placeFile(path.join(directory, name), content, 0o644);
    },
    has: (id, names) => Promise.resolve(names.every((name) => lstatSync(path.join(own(id), "files", name), { throwIfNoEntry: false })?.isFile() === true)),
    async holdProgram(gateImage) {
      const directory = await made(path.join(stateDirectory, "bin", gateImage.replace(/^sha256:/, "").slice(0, 16)), 0o755);
      const file = path.join(directory, "hold");
      return existsSync(file) ? file : placeFile(file, await readHold(gateImage), 0o755);
    },
    async program(name, content) {
      const file = path.join(await made(path.join(stateDirectory, "bin"), 0o755), name);
      return existsSync(file) ? file : placeFile(file, content, 0o755);
    },
    idProbe: async (id) => makeIdProbe(path.join(await made(own(id), 0o700), "ids")),
    remove,
    async sweep(keep) {
      for (const top of ["pods", "sandboxes"]) {
        for (const name of await readdir(path.join(stateDirectory, top)).catch((): string[] => [])) {
          const id = SandboxId.safeParse(name).data;
          if (id !== undefined && !keep.has(id)) await remove(id);
        }
      }
    },
  };
}

/** Open to every id inside; on the host the directories above it are the daemon's alone. */
async function makeIdProbe(directory: string): Promise<IdProbe> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  await chmod(directory, 0o777);
  return {
    directory,
    async ownerOf(name) {
      const found = await lstat(path.join(directory, name)).catch(() => undefined);
      return found === undefined ? undefined : { uid: found.uid, gid: found.gid };
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
