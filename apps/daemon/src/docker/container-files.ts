import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { ContainerPodId, type SandboxId } from "@sbx/contracts";
import type { ContainerFiles } from "@sbx/core";
import * as z from "zod";
import { placeFile } from "../sandboxes/place-file.ts";

const Port = z.int().min(1).max(65_535);
const Ports = z.array(z.strictObject({ containerPort: Port, hostPort: Port })).max(64);

/** Keep the files of the pods of one agent's containers among those of its sandbox, with which they go. */
export function createContainerFiles(stateDirectory: string, sandbox: SandboxId): ContainerFiles {
  const top = path.join(stateDirectory, "sandboxes", sandbox, "pods");
  const portsFile = (id: ContainerPodId): string => path.join(top, id, "ports.json");
  return {
    async podDirectory(id) {
      const directory = path.join(top, id);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      return directory;
    },
    async notePorts(id, ports) {
      await placeFile(portsFile(id), JSON.stringify(ports), 0o600);
    },
    async notedPorts(id) {
      const text = await readFile(portsFile(id), "utf8").catch(() => "[]");
      try {
        return Ports.parse(JSON.parse(text));
      } catch {
        return [];
      }
    },
    remove: (id) => rm(path.join(top, id), { recursive: true, force: true }),
    async list() {
      const names = await readdir(top).catch((): string[] => []);
      return names.flatMap((name) => ContainerPodId.safeParse(name).data ?? []);
    },
  };
}
