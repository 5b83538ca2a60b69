import { hash } from "node:crypto";
import { blockOf, gatewayOf, PREFIX_LENGTH } from "../owned/addresses.ts";
import type { OwnedContainer } from "../owned/container-record.ts";
import type { OwnedNetwork } from "../owned/owned-networks.ts";
import type { OwnedVolume } from "../owned/owned-volumes.ts";

/** `docker volume inspect`. The mount point is the one that every engine shows, and no place on the host. */
export function volumeAnswer({ name, labels, created }: OwnedVolume): Readonly<Record<string, unknown>> {
  return { CreatedAt: created, Driver: "local", Labels: labels, Mountpoint: `/var/lib/docker/volumes/${name}/_data`, Name: name, Options: null, Scope: "local" };
}

/** `docker network inspect`. */
export function networkAnswer({ id, name, labels, internal, attachable, subnet, created }: OwnedNetwork, members: readonly OwnedContainer[]): Readonly<Record<string, unknown>> {
  return {
    Name: name,
    Id: id,
    Created: created,
    Scope: "local",
    Driver: "bridge",
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: null, Config: [{ Subnet: blockOf(subnet), Gateway: gatewayOf(subnet) }] },
    Internal: internal,
    Attachable: attachable,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: Object.fromEntries(
      members.map((member) => [member.id, { Name: member.name, EndpointID: endpointId(member.id, id), MacAddress: "", IPv4Address: addressOf(member, id), IPv6Address: "" }]),
    ),
    Options: {},
    Labels: labels,
  };
}

/** Whether a container has joined a network. */
export function isMember({ endpoints }: OwnedContainer, { id }: OwnedNetwork): boolean {
  return endpoints.some(({ network }) => network === id);
}

/** Clients take an empty id for a container that is not connected. */
export function endpointId(container: string, network: string): string {
  return hash("sha256", `${container} ${network}`);
}

function addressOf({ endpoints }: OwnedContainer, id: string): string {
  const endpoint = endpoints.find(({ network }) => network === id);
  return endpoint === undefined ? "" : `${endpoint.address}/${PREFIX_LENGTH}`;
}

/** The same with how many have it, as `docker system df` shows. How large it is nobody measures. */
export function volumeUsage(volume: OwnedVolume, containers: readonly OwnedContainer[]): Readonly<Record<string, unknown>> {
  const users = containers.filter(({ record }) => record.mounts.some(({ type, source }) => type === "volume" && source === volume.name));
  return { ...volumeAnswer(volume), UsageData: { Size: -1, RefCount: users.length } };
}
