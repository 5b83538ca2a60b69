import { rm } from "node:fs/promises";
import type { ContainerPodId, RecordEvent, SandboxId } from "@sbx/contracts";
import type { ContainerPodParts, SandboxRecord, ServerWorkspace, WorkspaceRequest } from "@sbx/core";
import type { DockerGuard, GuardImages } from "@sbx/docker-guard";
import type { OrganisationPolicy } from "../policy/organisation-policy.ts";
import type { DockerFiles } from "./docker-files.ts";

/** Everything that the Docker APIs of sandboxes need of the world. */
export interface DockerSocketParts extends Omit<ContainerPodParts, "sandbox" | "files" | "newPlace"> {
  /** Whether pods are kept ready for containers to come. */
  readonly keepReady: boolean;
  readonly files: DockerFiles;
  readonly containerFiles: (sandbox: SandboxId) => ContainerPodParts["files"];
  readonly imagesOf: (record: SandboxRecord) => GuardImages;
  readonly workspace: Pick<ServerWorkspace, "prepareParts" | "releaseParts">;
  /** The workspace as a sandbox has it. */
  readonly workspaceOf: (record: SandboxRecord) => Promise<WorkspaceRequest>;
  readonly organisation: OrganisationPolicy;
  readonly record: RecordEvent;
  readonly onFault: (error: unknown) => void;
}

/** The Docker API of a sandbox while it is answered. */
export type OpenApi = Pick<DockerGuard, "unusedMs"> & AsyncDisposable;

/** Let go of the parts of the workspace that a container had. */
export async function releaseParts({ workspace, files }: DockerSocketParts, id: SandboxId, container: ContainerPodId): Promise<void> {
  const directory = files.partsDirectory(id, container);
  await workspace.releaseParts({ id: container, directory });
  await rm(directory, { recursive: true, force: true });
}
