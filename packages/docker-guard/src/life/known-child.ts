import type { KnownChild } from "@sbx/core";
import type { Guard } from "../guard.ts";
import type { OwnedContainer } from "../owned/container-record.ts";
import { hostsOf } from "./child-hosts.ts";
import { childNetworks } from "./joined-networks.ts";

/** A container of the sandbox as its pod knows it. */
export function knownChild(guard: Pick<Guard, "networks">, { name, record, asked, endpoints }: OwnedContainer, running: boolean): KnownChild {
  return { id: record.pod, gate: record.gate, hostname: record.hostname, name, networks: childNetworks(guard, endpoints), hosts: hostsOf(asked), running, ports: record.ports };
}
