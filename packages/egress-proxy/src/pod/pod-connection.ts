import type { Socket } from "node:net";
import type { SandboxId } from "@sbx/contracts";

/** One TCP connection that a process in a pod made, as the kernel tells it. */
export interface PodConnection {
  readonly sandbox: SandboxId;
  /** Accepted, paused, nothing read yet; half-open allowed. Whoever takes it must end or destroy it. */
  readonly socket: Socket;
  /** What was dialled: the name whose made-up address was used, or an IPv4 literal. */
  readonly to: { readonly kind: "name"; readonly name: string } | { readonly kind: "address"; readonly address: string };
  readonly port: number;
}

/** Takes over every connection of a pod; never throws. Resolves when the connection is over. */
export type ServeConnection = (connection: PodConnection, signal: AbortSignal) => Promise<void>;
