import { isMember, networkAnswer } from "../answers/object-answers.ts";
import type { Guard } from "../guard.ts";
import { empty, json } from "../http/answer.ts";
import { connectNetwork, disconnectNetwork } from "../life/change-networks.ts";
import type { OwnedContainer } from "../owned/container-record.ts";
import { BRIDGE, type OwnedNetwork } from "../owned/owned-networks.ts";
import { Refusal } from "../refusal.ts";
import { filterParameter, isAmong, labelsFit, nameFits, type Filters } from "./filter.ts";
import { queryOf, route, type GuardRoute } from "./route.ts";
import { Flag, text } from "./schema/field.ts";
import { NetworkConnect, NetworkCreate, NetworkDisconnect } from "./schema/objects.ts";

function members({ containers }: Guard, network: OwnedNetwork): readonly OwnedContainer[] {
  return containers.all().filter((container) => isMember(container, network));
}

function list(guard: Guard, { name, id, label, driver, scope, type, dangling }: Filters<"dangling" | "driver" | "id" | "label" | "name" | "scope" | "type">): readonly unknown[] {
  return guard.networks
    .all()
    .filter(
      (network) =>
        nameFits(network.name, name) &&
        (id === undefined || id.some((one) => network.id.startsWith(one))) &&
        labelsFit(network.labels, label) &&
        isAmong("bridge", driver) &&
        isAmong("local", scope) &&
        isAmong(network.name === BRIDGE ? "builtin" : "custom", type) &&
        (dangling === undefined || dangling.includes(String(members(guard, network).length === 0))),
    )
    .map((network) => networkAnswer(network, []));
}

async function remove(guard: Guard, network: OwnedNetwork): Promise<void> {
  if (network.name === BRIDGE) throw new Refusal(403, `${BRIDGE} is a pre-defined network and cannot be removed`);
  if (members(guard, network).length > 0) throw new Refusal(409, `error while removing network: network ${network.name} id ${network.id} has active endpoints`);
  await guard.networks.remove(network);
  guard.events.tell({ type: "network", action: "destroy", id: network.id, attributes: { name: network.name, type: "bridge" } });
}

async function prune(guard: Guard, { label, until }: Filters<"label" | "until">): Promise<unknown> {
  if (until !== undefined) throw new Refusal(400, "networks are pruned by label, not by time");
  const unused = guard.networks.all().filter((network) => network.name !== BRIDGE && members(guard, network).length === 0 && labelsFit(network.labels, label));
  for (const network of unused) await remove(guard, network);
  return { NetworksDeleted: unused.map(({ name }) => name) };
}

/** Networks: who finds whom by which name. They are the guard's own; the engine has none of them. */
export const NETWORK_ROUTES: readonly GuardRoute[] = [
  route("GET networks", {
    means: "lists networks",
    query: queryOf({ filters: filterParameter(["dangling", "driver", "id", "label", "name", "scope", "type"]) }),
    handle: ({ guard, query: { filters = {} } }) => json(list(guard, filters)),
  }),
  route("POST networks/create", {
    means: "makes a network",
    body: NetworkCreate,
    handle: async ({ guard, body: { Name, Labels = {}, Internal = false, Attachable = false } }) => {
      const network = await guard.networks.create({ name: Name, labels: Labels, internal: Internal, attachable: Attachable });
      guard.events.tell({ type: "network", action: "create", id: network.id, attributes: { name: network.name, type: "bridge" } });
      return json({ Id: network.id, Warning: "" }, 201);
    },
  }),
  route("GET networks/{id}", {
    means: "says everything of a network",
    query: queryOf({ verbose: Flag, scope: text(16) }),
    handle: ({ guard, param }) => {
      const network = guard.networks.find(param);
      return json(networkAnswer(network, members(guard, network)));
    },
  }),
  route("POST networks/{id}/connect", {
    means: "lets a container join a network while it runs",
    body: NetworkConnect,
    handle: async ({ guard, param, body: { Container, EndpointConfig } }) => {
      await connectNetwork(guard, guard.containers.find(Container), { network: guard.networks.find(param), aliases: EndpointConfig?.Aliases ?? [] });
      return empty(200);
    },
  }),
  route("POST networks/{id}/disconnect", {
    means: "takes a container out of a network while it runs",
    body: NetworkDisconnect,
    handle: async ({ guard, param, body: { Container } }) => {
      await disconnectNetwork(guard, guard.containers.find(Container), guard.networks.find(param));
      return empty(200);
    },
  }),
  route("DELETE networks/{id}", {
    means: "removes a network that no container has joined",
    handle: async ({ guard, param }) => {
      await remove(guard, guard.networks.find(param));
      return empty();
    },
  }),
  route("POST networks/prune", {
    means: "removes those that no container has joined",
    query: queryOf({ filters: filterParameter(["label", "until"]) }),
    handle: async ({ guard, query: { filters = {} } }) => json(await prune(guard, filters)),
  }),
];
