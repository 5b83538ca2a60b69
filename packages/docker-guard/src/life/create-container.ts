import { randomBytes } from "node:crypto";
import type { Json } from "@sbx/contracts";
import type { ChildPlace, PublishedPort } from "@sbx/core";
import { Created, type ImageFacts } from "../engine/engine-answers.ts";
import { refusalOf } from "../engine/engine-refused.ts";
import { containerAttributes } from "../events.ts";
import type { Guard } from "../guard.ts";
import type { ContainerRecord, Endpoint, OwnedContainer } from "../owned/container-record.ts";
import { Refusal } from "../refusal.ts";
import type { ContainerCreate } from "../routes/schema/container-config.ts";
import { childBody } from "./child-body.ts";
import { childNetworks, joinedNetworks } from "./joined-networks.ts";
import { planMounts } from "./plan-mounts.ts";
import { hostsOf } from "./child-hosts.ts";
import { findImage, imageFacts } from "./resolve-image.ts";
import { limitsOfNext } from "./total-sizes.ts";
import { newPlace } from "./new-place.ts";

/** What a client asked for: as it was read, and as it was understood. */
export interface Wish {
  readonly name: string | undefined;
  readonly json: Json;
  readonly asked: ContainerCreate;
}

/** Make a child: its gate first, then its container, then the record. What fails half way is taken back. */
export async function createContainer(guard: Guard, { name: wanted, json, asked }: Wish): Promise<OwnedContainer> {
  const { engine, pods, binds, now } = guard.parts;
  const name = wanted ?? `child-${randomBytes(6).toString("hex")}`;
  guard.containers.refuseTaken(name);
  using _place = guard.containers.quota.take();
  const image = await imageFacts(guard, await findImage(guard, asked.Image));
  const joined = joinedNetworks(guard, asked);
  const ports = portsOf(asked, image);
  const limits = await limitsOfNext(guard);
  await using undo = new AsyncDisposableStack();
  const { id: pod, hostname } = undo.use(placeOf(guard, asked));
  undo.defer(() => binds.release(pod));
  const mounts = await planMounts(guard, { pod, asked, image });
  undo.defer(() => guard.removeAnonymousVolumes(mounts.records));
  using places = new DisposableStack();
  const endpoints = joined.map(({ network, aliases }): Endpoint => ({ network: network.id, address: places.use(guard.addresses.take(network.subnet)).address, aliases: [...aliases] }));
  const gate = await pods.open({ id: pod, hostname, name, networks: childNetworks(guard, endpoints), hosts: hostsOf(asked) });
  undo.defer(() => pods.close(pod));
  const record: ContainerRecord = { pod, gate, created: now().toISOString(), imageId: image.Id, hostname, asked: json, mounts: [...mounts.records], ports: [...ports], endpoints };
  const body = childBody({ asked, image, mounts, gate, labels: guard.seal.labels("child", JSON.stringify(record)), limits, dataRoot: engine.facts.dataRoot });
  const answer = await engine.call({ method: "POST", path: ["containers", "create"], query: { name: guard.containers.engineName(name) }, body });
  if (answer.status !== 201) throw answer.status === 409 ? new Refusal(409, `Conflict. The container name "/${name}" is already in use.`) : refusalOf(answer, "the container could not be made");
  const container: OwnedContainer = { id: Created.parse(answer.body).Id, name, record, asked, published: [], endpoints };
  guard.containers.add(container);
  undo.move();
  guard.events.tell({ type: "container", action: "create", id: container.id, attributes: containerAttributes(container) });
  return container;
}

/** A pod that is ready has its host name already. */
function placeOf({ parts: { pods } }: Guard, { Hostname = "" }: ContainerCreate): ChildPlace & AsyncDisposable {
  if (Hostname === "") return pods.reserve(newPlace());
  return { ...newPlace(), hostname: Hostname, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** What is to be published: what was asked for, or with PublishAllPorts what is exposed. */
function portsOf({ HostConfig = {}, ExposedPorts = {} }: ContainerCreate, { Config }: ImageFacts): readonly PublishedPort[] {
  const asked = Object.entries(HostConfig.PortBindings ?? {}).flatMap(([key, bindings]) => {
    const places = bindings === null || bindings.length === 0 ? [{ HostPort: undefined }] : bindings;
    return places.map(({ HostPort }) => ({ containerPort: portOf(key), hostPort: HostPort === undefined || HostPort === "" ? 0 : portOf(HostPort) }));
  });
  const exposed = HostConfig.PublishAllPorts === true ? [...Object.keys(ExposedPorts), ...Object.keys(Config?.ExposedPorts ?? {})].filter((key) => !/\/(?:udp|sctp)$/.test(key)).map(portOf) : [];
  const all = [...asked, ...exposed.filter((port) => asked.every(({ containerPort }) => containerPort !== port)).map((containerPort) => ({ containerPort, hostPort: 0 }))];
  // Twice the same is asked for where a client says it for IPv4 and IPv6.
  const once = all.filter((one, at) => all.findIndex((other) => other.containerPort === one.containerPort && other.hostPort === one.hostPort) === at);
  if (once.length > 64) throw new Refusal(400, "a container publishes at most 64 ports");
  return once;
}

function portOf(key: string): number {
  const port = Number.parseInt(key, 10);
  if (!(port >= 0 && port <= 65_535)) throw new Refusal(400, `${key} is no port`);
  return port;
}
