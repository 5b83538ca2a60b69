import type { Socket } from "node:net";
import type { PodId } from "@sbx/contracts";

/** One TCP connection that a process in a pod made, as the kernel tells it. */
export interface PodConnection {
  readonly pod: PodId;
  /** Accepted, nothing consumed yet; half-open allowed. Whoever takes it must end or destroy it. */
  readonly socket: Socket;
  /** What was dialled: the name whose made-up address was used, or an IPv4 literal. */
  readonly to: { readonly kind: "name"; readonly name: string } | { readonly kind: "address"; readonly address: string };
  readonly port: number;
  /**
   * Set when the name had no rule that could allow it when it was resolved. Such a connection may be answered with a
   * refusal and nothing else, whatever the policy says by now: the next look-up gives the name another address.
   */
  readonly refuseOnly?: true;
  /** To be called once, as soon as policy has decided; until then the connection counts as undecided. */
  readonly decided?: () => void;
}

/** Takes over every connection of a pod; never throws. Resolves when the connection is over. */
export type ServeConnection = (connection: PodConnection, signal: AbortSignal) => Promise<void>;
