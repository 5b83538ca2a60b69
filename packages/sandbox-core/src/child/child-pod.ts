import type { ContainerPodId } from "@sbx/contracts";
import type { EngineId } from "../ports/engine.ts";

/** A published port of a child: where it is reached at the agent's `localhost`. */
export interface PublishedPort {
  readonly containerPort: number;
  readonly hostPort: number;
}

/** A network that a child has joined. */
export interface ChildNetwork {
  readonly id: string;
  readonly name: string;
  /** Further names by which its members find the child. */
  readonly aliases: readonly string[];
  /** The child's IPv4 address in it: what clients are told, and what its names lead to. */
  readonly address: string;
  /** Where published ports are found from inside, as on a bridge of an engine. */
  readonly gateway: string;
  /** Its members reach each other and nothing else. */
  readonly internal: boolean;
  /** The one that everybody is in who joins no other: names mean nothing there. */
  readonly unnamed: boolean;
}

/** A further name that a child is to know. */
export interface ChildHost {
  readonly name: string;
  /** An IPv4 address, or the machine that the agent works on. */
  readonly address: string;
}

/** What stands for the agent's own machine as the address of a {@link ChildHost}. */
export const HOST_ADDRESS = "host-gateway";

/** Which pod a child has, and its host name, which its gate owns. */
export interface ChildPlace {
  readonly id: ContainerPodId;
  readonly hostname: string;
}

/** A child as its pod must know it. */
export interface ChildPod extends ChildPlace {
  /** What the agent calls it: its networks find it by this name, and events and refusals say it. */
  readonly name: string;
  /** Without any, it reaches nothing. */
  readonly networks: readonly ChildNetwork[];
  readonly hosts: readonly ChildHost[];
}

/** A child that was there before this daemon. */
export interface KnownChild extends ChildPod {
  /** Full id of its gate's container. */
  readonly gate: EngineId;
  readonly running: boolean;
  /** Ports that it was made to publish; `hostPort` 0 is any. */
  readonly ports: readonly PublishedPort[];
}
