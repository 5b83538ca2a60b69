import type { ContainerPodId, Rule, SandboxId, ServerPodId } from "@sbx/contracts";
import type { EngineId, Mount } from "./engine.ts";
import type { WorkloadLink, WorkspaceRequest } from "./host.ts";

/** The pod of a server as the daemon's wall must know it: whose it is, and what it may reach. */
export interface ServerPod {
  readonly id: ServerPodId;
  readonly hostname: string;
  /** The pod's own directory on the host. */
  readonly directory: string;
  /** The server's name: a person allows it more under this name, and the record tells of it. */
  readonly server: string;
  /** The sandbox that it works for; absent when that is a client on the host. */
  readonly sandbox: SandboxId | undefined;
  /** What it may reach by itself: the hosts of its catalog entry, or those that its installation needs. */
  readonly rules: readonly Rule[];
  /** An installation reaches what `rules` say and nothing else; a server also what a person allows it. */
  readonly purpose: "run" | "install";
  /** Its programs are install hooks of its sandbox: they are given what is granted for them. */
  readonly hooks?: boolean;
}

/** Opens the daemon's end of servers' networks; the caller owns each link it gets and disposes of it. */
export interface ServerNetwork {
  open(pod: ServerPod): Promise<WorkloadLink>;
  /** Open the network of a pod that is nobody's yet: nothing gets out of it before it is given to a server. */
  openSpare(place: Pick<ServerPod, "id" | "hostname" | "directory">): Promise<SpareLink>;
}

/** The daemon's end of a pod that may be given to one server, and to no second one. */
export interface SpareLink extends WorkloadLink {
  /** @throws Error when it was given before */
  give(server: Omit<ServerPod, "id" | "hostname" | "directory">): void;
}

/** Files that the daemon holds for a server's pod, never in a place that anything in a pod can write. */
export interface ServerFiles {
  /** The pod's own directory. */
  podDirectory(id: ServerPodId): Promise<string>;
  /** Directory for what is held of the workspace for this pod. */
  workspaceDirectory(id: ServerPodId): Promise<string>;
  /** Write a file, readable by all, writable by the daemon alone. Resolves with its path. */
  write(id: ServerPodId, name: string, content: string): Promise<string>;
  /** Path of the program that is pid 1, taken out of the gate's image. */
  holdProgram(gateImage: EngineId): Promise<string>;
  remove(id: ServerPodId): Promise<void>;
  /** Remove what was kept for pods of an earlier daemon. */
  sweep(): Promise<void>;
}

/** A part of a sandbox's workspace that one of its servers, or a container of its agent's, is to see. */
export interface WorkspacePart {
  /** Absolute path on the host, in the workspace or a further directory of the sandbox. */
  readonly path: string;
  /** Where it is in the container. */
  readonly target: string;
  readonly readonly: boolean;
}

/** Parts of a workspace, ready to be mounted. */
export interface PreparedParts {
  /** In the order in which they must be mounted. */
  readonly mounts: readonly Mount[];
  /** Ids of whoever is to read and write them: those of the sandbox's own workload, never 0. */
  readonly user: { readonly uid: number; readonly gid: number };
  /** Paths in the container whose identity {@link ServerWorkspace.verifyParts} must see before the server runs. */
  readonly checkpoints: readonly string[];
}

/** What is to be prepared of a sandbox's workspace for one container. */
export interface PartsRequest {
  readonly id: ServerPodId | ContainerPodId;
  /** Where copies, mounts and the journal are kept. */
  readonly directory: string;
  /** The workspace as the sandbox has it, with what is protected and hidden in it. */
  readonly sandbox: WorkspaceRequest;
  readonly parts: readonly WorkspacePart[];
  /**
   * Whether the container can be asked what it sees before anything of a sandbox runs in it. Where it cannot, every mount
   * is one that nobody can replace meanwhile: made from descriptors, or without the right to do so a copy, read-only.
   */
  readonly isVerified: boolean;
}

/** Parts of workspaces for servers. What is protected or hidden from the agent is so from its servers. */
export interface ServerWorkspace {
  /** @throws AppError `WORKSPACE_INVALID` for a path outside of the workspace, `WORKSPACE_UNSAFE` */
  prepareParts(request: PartsRequest): Promise<PreparedParts>;
  /** Compare what `hold stat` said inside with what was prepared. @throws AppError `WORKSPACE_UNSAFE` */
  verifyParts(request: Pick<PartsRequest, "directory">, statLines: string): Promise<void>;
  /** Unmount and take our litter away, also after a crash. */
  releaseParts(request: Pick<PartsRequest, "id" | "directory">): Promise<void>;
}
