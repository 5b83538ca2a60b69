import type { Duplex } from "node:stream";
import type { ContainerPodId, SandboxId } from "@sbx/contracts";
import type { ChildPod, PublishedPort } from "../child/child-pod.ts";
import type { PodLink } from "./host.ts";

/** The pod of an agent's container as the daemon's wall must know it. */
export interface ContainerPod {
  readonly child: ChildPod;
  /** Whose container it is: its rules are the sandbox's, never more. */
  readonly sandbox: SandboxId;
  /** The pod's own directory on the host. */
  readonly directory: string;
  /** Take back the gate that runs already. */
  readonly resume: boolean;
}

/** The daemon's end of a container's pod. */
export interface ContainerLink extends PodLink {
  /**
   * Listen at the agent's `localhost` for ports of this pod, all or none; `hostPort` 0 is any that is free. It ends with
   * this link.
   *
   * @throws AppError `POD_FAILED` when a port is taken, or the sandbox's own gate is not there
   */
  publish(ports: readonly PublishedPort[]): Promise<readonly PublishedPort[]>;
  /** The pod is in other networks, has another name, or knows other ones. */
  change(now: Pick<ChildPod, "name" | "networks" | "hosts">): void;
}

/** Opens the daemon's end of the networks of agents' containers; the caller owns each link it gets and disposes of it. */
export interface ContainerNetwork {
  open(pod: ContainerPod): Promise<ContainerLink>;
  /** Serve a port of a sandbox's `localhost` by the daemon itself; 0 is any. @throws AppError `POD_FAILED` when it is taken */
  listen(sandbox: SandboxId, port: number, serve: (connection: Duplex) => void): Promise<AsyncDisposable & { readonly port: number }>;
}

/** Files that the daemon holds for the pods of agents' containers. */
export interface ContainerFiles {
  podDirectory(id: ContainerPodId): Promise<string>;
  /** Note which ports are published, so that they are the same when the daemon comes back. */
  notePorts(id: ContainerPodId, ports: readonly PublishedPort[]): Promise<void>;
  /** What was noted; nothing when nothing was, or it cannot be read. */
  notedPorts(id: ContainerPodId): Promise<readonly PublishedPort[]>;
  remove(id: ContainerPodId): Promise<void>;
  /** Ids of the pods that have a directory. */
  list(): Promise<readonly ContainerPodId[]>;
}
