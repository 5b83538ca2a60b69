import type { Guard } from "../guard.ts";
import type { Endpoint, OwnedContainer } from "../owned/container-record.ts";
import { BRIDGE, type OwnedNetwork } from "../owned/owned-networks.ts";
import { noSuch, Refusal } from "../refusal.ts";
import { childNetworks } from "./joined-networks.ts";

/** Let a container join a network, whether it runs or not. @throws Refusal 403 when it is in it, or is to be in none */
export function connectNetwork(guard: Guard, { id }: OwnedContainer, wanted: { readonly network: OwnedNetwork; readonly aliases: readonly string[] }): Promise<void> {
  return guard.moves.take(id, () => connect(guard, guard.containers.find(id), wanted));
}

async function connect(guard: Guard, container: OwnedContainer, { network, aliases }: { readonly network: OwnedNetwork; readonly aliases: readonly string[] }): Promise<void> {
  if (container.asked.HostConfig?.NetworkMode === "none") throw new Refusal(403, "container cannot be connected to a network: it was made without any (NetworkMode none)");
  if (container.endpoints.some((one) => one.network === network.id)) throw new Refusal(403, `endpoint with name ${container.name} already exists in network ${network.name}`);
  using place = guard.addresses.take(network.subnet);
  const endpoint: Endpoint = { network: network.id, address: place.address, aliases: network.name === BRIDGE ? [] : [...new Set(aliases)] };
  await moveContainer(guard, container, [...container.endpoints, endpoint]);
  guard.events.tell({ type: "network", action: "connect", id: network.id, attributes: { container: container.id, name: network.name, type: "bridge" } });
}

/** Take a container out of a network. @throws Refusal 403 when it is not in it */
export function disconnectNetwork(guard: Guard, { id }: OwnedContainer, network: OwnedNetwork): Promise<void> {
  return guard.moves.take(id, () => disconnect(guard, guard.containers.find(id), network));
}

async function disconnect(guard: Guard, container: OwnedContainer, network: OwnedNetwork): Promise<void> {
  const rest = container.endpoints.filter((one) => one.network !== network.id);
  if (rest.length === container.endpoints.length) throw new Refusal(403, `container ${container.id} is not connected to network ${network.name}`);
  await moveContainer(guard, container, rest);
  guard.events.tell({ type: "network", action: "disconnect", id: network.id, attributes: { container: container.id, name: network.name, type: "bridge" } });
}

/** Kept before it is done: after the guard's end the container is where it was last said to be. */
async function moveContainer(guard: Guard, { id, record }: OwnedContainer, endpoints: readonly Endpoint[]): Promise<void> {
  await guard.places.write(id, endpoints);
  if (!guard.containers.all().some((one) => one.id === id)) {
    await guard.places.forget(id);
    throw noSuch("container", id);
  }
  guard.containers.place(id, endpoints);
  await guard.parts.pods.rejoin(record.pod, childNetworks(guard, endpoints));
}
