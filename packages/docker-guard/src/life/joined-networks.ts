import type { ChildNetwork } from "@sbx/core";
import type { Guard } from "../guard.ts";
import { gatewayOf } from "../owned/addresses.ts";
import type { Endpoint } from "../owned/container-record.ts";
import { BRIDGE, type OwnedNetwork } from "../owned/owned-networks.ts";
import { Refusal } from "../refusal.ts";
import type { ContainerCreate } from "../routes/schema/container-config.ts";

/** How a client calls the network of those that join no other. */
const DEFAULT = ["", "default", BRIDGE];

/** A network that a container is to join, and the names that it is to have there. */
export interface JoinedNetwork {
  readonly network: OwnedNetwork;
  readonly aliases: readonly string[];
}

/** The networks that a container is to join; none when it is to reach nothing at all. @throws Refusal */
export function joinedNetworks({ networks }: Pick<Guard, "networks">, { HostConfig, NetworkingConfig }: ContainerCreate): readonly JoinedNetwork[] {
  const mode = HostConfig?.NetworkMode ?? "";
  const endpoints = NetworkingConfig?.EndpointsConfig ?? {};
  refuseShared(mode);
  if (mode === "none") {
    if (Object.keys(endpoints).some((name) => name !== "none")) throw new Refusal(400, "a container without network joins none");
    return [];
  }
  const named = [mode, ...Object.keys(endpoints)].filter((name) => !DEFAULT.includes(name));
  return withoutTwins((named.length === 0 ? [BRIDGE] : named).map((name) => ({ network: networks.find(name), aliases: endpoints[name]?.Aliases ?? [] })));
}

/** A network may be named twice, by its name and by its id. Names mean nothing in the one that everybody is in. */
function withoutTwins(all: readonly JoinedNetwork[]): readonly JoinedNetwork[] {
  const joined = new Map<string, JoinedNetwork>();
  for (const { network, aliases } of all) {
    const before = joined.get(network.id)?.aliases ?? [];
    joined.set(network.id, { network, aliases: network.name === BRIDGE ? [] : [...new Set([...before, ...aliases])] });
  }
  return [...joined.values()];
}

/** A container's places in networks, as its pod must know them. What is no network any more is left out. */
export function childNetworks({ networks }: Pick<Guard, "networks">, endpoints: readonly Endpoint[]): readonly ChildNetwork[] {
  return endpoints.flatMap(({ network: id, address, aliases }) => {
    const network = networks.withId(id);
    if (network === undefined) return [];
    const { name, subnet, internal } = network;
    return [{ id, name, aliases, address, gateway: gatewayOf(subnet), internal, unnamed: name === BRIDGE }];
  });
}

function refuseShared(mode: string): void {
  if (mode === "host") throw new Refusal(403, "the host's network is not given away; a container reaches what the sandbox's rules allow, and published ports are at the agent's localhost");
  if (mode.startsWith("container:")) throw new Refusal(403, "every container of a sandbox has a network namespace of its own; join both to a network and use their names");
}
