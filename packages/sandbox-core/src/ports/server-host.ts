import type { Rule, SandboxId, ServerPodId } from "@sbx/contracts";
import type { PodLink } from "./host.ts";

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
}

/** Opens the daemon's end of servers' networks; the caller owns each link it gets and disposes of it. */
export interface ServerNetwork {
  open(pod: ServerPod): Promise<PodLink>;
}
