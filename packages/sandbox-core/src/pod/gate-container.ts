import { GATE_SOCKET, POD_DNS_ADDRESS } from "@sbx/contracts";
import type { ContainerSpec, EngineId } from "../ports/engine.ts";

/** Where the gate finds the daemon's socket. */
const GATE_DIRECTORY = "/run/gate";
/** An id that owns nothing, in no image and on no host: what the gate is after its set-up. */
const GATE_ID = 65_431;

/** What a gate's container is specified from. */
export interface GateParts {
  readonly name: string;
  /** Image with `gate`, `ip` and `iptables-nft-restore`. */
  readonly image: EngineId;
  readonly labels: Readonly<Record<string, string>>;
  /** Host name of the sandbox: the gate's container owns it, the workload joins it. */
  readonly hostname: string;
  /** Host path of the directory that holds the socket and nothing else. */
  readonly socketDirectory: string;
}

/**
 * Decide everything about the container that owns a pod's network namespace.
 *
 * It begins with the four capabilities that its set-up needs and gives them up before it says hello. What a container
 * inherits from the engine's configuration (DNS, search domains, options, sysctls) is set here, so that pods are the
 * same on every host.
 */
export function gateContainer({ name, image, labels, hostname, socketDirectory }: GateParts): ContainerSpec {
  return {
    name,
    image,
    command: ["/usr/local/bin/gate", String(GATE_ID), String(GATE_ID), `${GATE_DIRECTORY}/${GATE_SOCKET}`],
    env: {},
    labels,
    user: "0:0",
    workdir: "/",
    // Connecting to a socket is no write to the file system: read-only is enough, and keeps the gate from replacing it.
    mounts: [{ kind: "bind", source: socketDirectory, target: GATE_DIRECTORY, readonly: true }],
    network: {
      kind: "none",
      hostname,
      sysctls: {
        // No group may send pings: the pod would answer them itself, for every address.
        "net.ipv4.ping_group_range": "1 0",
        // Workloads may serve on the ports that their services usually have.
        "net.ipv4.ip_unprivileged_port_start": "0",
        "net.ipv6.conf.all.disable_ipv6": "1",
      },
      dns: [POD_DNS_ADDRESS],
      dnsSearch: ["."],
      dnsOptions: ["ndots:1", "timeout:2", "attempts:2"],
      extraHosts: [],
    },
    capabilities: ["NET_ADMIN", "SETUID", "SETGID", "SETPCAP"],
    readonlyRoot: true,
    seccomp: "default",
    limits: { pids: 32, memoryBytes: 32 * 1024 * 1024 },
  };
}
