import type { ContainerPodId, SandboxId } from "@sbx/contracts";
import { HOST_ADDRESS, type ChildPod, type PublishedPort } from "./child-pod.ts";

/** Name of the machine that a pod's owner works on. */
const HOST_NAME = "host.docker.internal";

/** What a connection was made to, as the pod's kernel tells it. */
export type Dialled = { readonly kind: "name"; readonly name: string } | { readonly kind: "address"; readonly address: string };

/**
 * Where a connection stays within its sandbox. `agent` is the agent's own port, which a child has only when it asked for
 * it, and which the person's rules come before. `nobody`: an address of the sandbox's networks at which nobody is.
 */
export type Within =
  | { readonly kind: "child"; readonly pod: ContainerPodId; readonly port: number }
  | { readonly kind: "agent"; readonly pod: SandboxId; readonly port: number }
  | { readonly kind: "nobody" };

interface Member {
  readonly sandbox: SandboxId;
  readonly child: Pick<ChildPod, "id" | "name" | "networks" | "hosts">;
  readonly published: readonly PublishedPort[];
}

/**
 * Who is whose neighbour among the pods of agents' containers, and by which names and addresses.
 *
 * Addresses mean something within one sandbox alone. A child reaches those with which it shares a network, and what is
 * published; the agent reaches all of its children; nobody reaches another sandbox's.
 */
export class Neighbours {
  readonly #members = new Map<ContainerPodId, Member>();
  readonly #served = new Map<SandboxId, Set<number>>();

  add(sandbox: SandboxId, { id, name, networks, hosts }: ChildPod): void {
    this.#members.set(id, { sandbox, child: { id, name, networks, hosts }, published: [] });
  }

  change(id: ContainerPodId, { name, networks, hosts }: Pick<ChildPod, "name" | "networks" | "hosts">): void {
    const member = this.#members.get(id);
    if (member !== undefined) this.#members.set(id, { ...member, child: { id, name, networks, hosts } });
  }

  publish(id: ContainerPodId, published: readonly PublishedPort[]): void {
    const member = this.#members.get(id);
    if (member !== undefined) this.#members.set(id, { ...member, published });
  }

  remove(id: ContainerPodId): void {
    this.#members.delete(id);
  }

  /** A port of the agent's `localhost` is served by sbx, as if a container had published it: the agent finds it where it finds those. */
  serve(sandbox: SandboxId, port: number): Disposable {
    const ports = this.#servedOf(sandbox);
    this.#served.set(sandbox, ports.add(port));
    return {
      [Symbol.dispose]: () => {
        ports.delete(port);
        if (ports.size === 0) this.#served.delete(sandbox);
      },
    };
  }

  /** Whether a child may reach anything that is not its neighbour: not without a network, and not from internal ones alone. */
  hasEgress(id: ContainerPodId): boolean {
    return this.#members.get(id)?.child.networks.some(({ internal }) => !internal) === true;
  }

  /** The address that a name of a child's networks, or of its own further names, has for it. */
  addressOf(from: ContainerPodId, asked: string): string | undefined {
    const member = this.#members.get(from);
    if (member === undefined) return undefined;
    const name = asked.toLowerCase();
    const own = member.child.hosts.find((host) => host.name === name);
    if (own !== undefined) return own.address === HOST_ADDRESS ? member.child.networks[0]?.gateway : own.address;
    for (const network of member.child.networks.filter(({ unnamed }) => !unnamed)) {
      const found = this.#inNetwork(member.sandbox, network.id).find(({ child, place }) => [child.name, ...place.aliases].some((known) => known.toLowerCase() === name));
      if (found !== undefined) return found.place.address;
    }
    return undefined;
  }

  /** Where a connection of a sandbox's agent leads that stays within the sandbox; `undefined` when it does not. */
  fromAgent(sandbox: SandboxId, to: Dialled, port: number): Within | undefined {
    const here = (): Within | undefined => this.#published(sandbox, port) ?? (this.#servedOf(sandbox).has(port) ? { kind: "agent", pod: sandbox, port } : undefined);
    if (to.kind === "name") return to.name === HOST_NAME ? here() : undefined;
    const all = this.#of(sandbox);
    const places = all.flatMap(({ child }) => child.networks.map((place) => ({ child, place })));
    const there = places.find(({ place }) => place.address === to.address);
    if (there !== undefined) return { kind: "child", pod: there.child.id, port };
    // Without containers and what stands for one a sandbox has no networks, and the address is any other.
    if ((places.length === 0 && !this.#served.has(sandbox)) || !isOfNetworks(to.address)) return undefined;
    return isGateway(to.address) ? (here() ?? { kind: "nobody" }) : { kind: "nobody" };
  }

  /** The same of a child's connection. */
  fromChild(from: ContainerPodId, to: Dialled, port: number): Within | undefined {
    const member = this.#members.get(from);
    if (member === undefined) return { kind: "nobody" };
    const { sandbox, child } = member;
    if (to.kind === "name") return to.name === HOST_NAME && child.networks.length > 0 ? this.#host(member, port) : undefined;
    for (const network of child.networks) {
      if (to.address === network.gateway) return this.#host(member, port) ?? { kind: "nobody" };
      const found = this.#inNetwork(sandbox, network.id).find(({ place }) => place.address === to.address);
      if (found !== undefined) return { kind: "child", pod: found.child.id, port };
    }
    return isOfNetworks(to.address) ? { kind: "nobody" } : undefined;
  }

  /** What the machine is that the agent works on, for a child: published ports, and the agent's own if it asked for them. */
  #host({ sandbox, child }: Member, port: number): Within | undefined {
    const published = this.#published(sandbox, port);
    if (published !== undefined) return published;
    return child.hosts.some(({ address }) => address === HOST_ADDRESS) ? { kind: "agent", pod: sandbox, port } : undefined;
  }

  #published(sandbox: SandboxId, port: number): Within | undefined {
    for (const { child, published } of this.#of(sandbox)) {
      const found = published.find(({ hostPort }) => hostPort === port);
      if (found !== undefined) return { kind: "child", pod: child.id, port: found.containerPort };
    }
    return undefined;
  }

  #servedOf(sandbox: SandboxId): Set<number> {
    return this.#served.get(sandbox) ?? new Set();
  }

  #of(sandbox: SandboxId): readonly Member[] {
    return [...this.#members.values()].filter((member) => member.sandbox === sandbox);
  }

  #inNetwork(sandbox: SandboxId, id: string) {
    return this.#of(sandbox).flatMap(({ child }) => child.networks.filter((network) => network.id === id).map((place) => ({ child, place })));
  }
}

/** The block from which networks of sandboxes have their addresses. */
function isOfNetworks(address: string): boolean {
  return address.startsWith("100.127.");
}

function isGateway(address: string): boolean {
  return isOfNetworks(address) && address.endsWith(".1");
}
