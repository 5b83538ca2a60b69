import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { ContainerPodId, type SandboxId } from "@sbx/contracts";
import type { Mount } from "@sbx/core";
import * as z from "zod";
import { placeFile } from "../sandboxes/place-file.ts";

const KEY_BYTES = 32;
const Binds = z.array(z.strictObject({ kind: z.literal("bind"), source: z.string(), target: z.string(), readonly: z.boolean(), masks: z.literal(true).optional() }));

/** What the daemon holds for the Docker API of a sandbox. */
export interface DockerFiles {
  /** Directory that holds the socket and nothing else; made once, because a workload holds on to the directory itself. */
  socketDirectory(id: SandboxId): Promise<string>;
  /** The key by which what the sandbox made is told from what others made; the same for its whole life. */
  key(id: SandboxId): Promise<Uint8Array>;
  /** Note how the workload sees its workspace, for a daemon that comes back. */
  noteBinds(id: SandboxId, mounts: readonly Mount[]): Promise<void>;
  /** @throws Error when nothing was noted */
  notedBinds(id: SandboxId): Promise<readonly Extract<Mount, { readonly kind: "bind" }>[]>;
  /** A directory with nothing in it, which nobody but root can write. */
  emptyDirectory(id: SandboxId): Promise<string>;
  /** Where copies and notes are kept for what a container sees of the workspace. */
  partsDirectory(id: SandboxId, container: ContainerPodId): string;
  /** Containers that have such a directory. */
  withParts(id: SandboxId): Promise<readonly ContainerPodId[]>;
}

/** Keep it in `pods/<id>/api` and among the files of the sandbox, with which it goes. */
export function createDockerFiles(stateDirectory: string): DockerFiles {
  const own = async (id: SandboxId): Promise<string> => {
    const directory = path.join(stateDirectory, "sandboxes", id);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return directory;
  };
  return {
    async socketDirectory(id) {
      const directory = path.join(stateDirectory, "pods", id, "api");
      await mkdir(directory, { recursive: true });
      return directory;
    },
    async key(id) {
      const file = path.join(await own(id), "docker.key");
      const kept = await readFile(file).catch(() => undefined);
      if (kept?.byteLength === KEY_BYTES) return kept;
      const key = randomBytes(KEY_BYTES);
      await placeFile(file, key, 0o600);
      return key;
    },
    async noteBinds(id, mounts) {
      await placeFile(path.join(await own(id), "docker-binds.json"), JSON.stringify(mounts.filter(({ kind }) => kind === "bind")), 0o600);
    },
    async emptyDirectory(id) {
      const directory = path.join(await own(id), "docker-empty");
      await mkdir(directory, { recursive: true, mode: 0o555 });
      return directory;
    },
    partsDirectory: (id, container) => path.join(stateDirectory, "sandboxes", id, "docker-parts", container),
    async withParts(id) {
      const names = await readdir(path.join(stateDirectory, "sandboxes", id, "docker-parts")).catch(() => []);
      return names.flatMap((name) => ContainerPodId.safeParse(name).data ?? []);
    },
    async notedBinds(id) {
      return Binds.parse(JSON.parse(await readFile(path.join(await own(id), "docker-binds.json"), "utf8")));
    },
  };
}
