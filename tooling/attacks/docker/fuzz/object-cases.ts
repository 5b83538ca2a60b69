import type { FuzzCase } from "./fuzz-case.ts";
import type { Random } from "@sbx/testing/random";

const LABELS = [{}, { a: "b" }, null, { "dev.sbx.sandbox": "{{othersandbox}}" }, { "Dev.Sbx.role": "gate" }, { a: 1 }, { "": "" }];
const VOLUME: Readonly<Record<string, readonly unknown[]>> = {
  Driver: ["local", "", "nfs", "local ", "LOCAL", "sbx"],
  DriverOpts: [{}, null, { type: "none", o: "bind", device: "/" }, { type: "tmpfs", device: "tmpfs" }, { o: "" }, []],
  Labels: LABELS,
  ClusterVolumeSpec: [null, null, {}],
  Options: [{}, { device: "/" }],
  Mountpoint: ["/etc"],
  Scope: ["global"],
};
const VOLUME_NAMES = ["v1", "v2", "", "{{volume}}", "{{victimvolume}}", "{{othervolume}}", "{{otherprefix}}.v.data", "../../etc", "/etc", "a:b", "-x", ".", "x".repeat(200), "a\u0000b"];
const FILTERS = [
  {},
  { all: ["true"] },
  { label: ["a"] },
  { label: ["dev.sbx.sandbox"] },
  { "label!": ["a"] },
  { name: ["{{victimvolume}}"] },
  { all: { true: true } },
  { dangling: ["true"] },
  { label: [["a"]] },
  [],
  { x: ["y"] },
  { until: ["1h"] },
  { id: [""] },
];

/** A request for volumes. */
export function volumeCase(random: Random): FuzzCase {
  const plain = { kind: "volume", form: "plain" } as const;
  const name = () => encodeURIComponent(random.pick(VOLUME_NAMES)).replaceAll("%7B", "{").replaceAll("%7D", "}");
  if (random.chance(0.6)) {
    const body = { ...(random.chance(0.9) ? { Name: random.chance(0.7) ? random.pick(VOLUME_NAMES.slice(0, 4)) : random.pick(VOLUME_NAMES) } : {}), ...random.some(VOLUME, 4) };
    return { ...plain, method: "POST", target: "/v1.41/volumes/create", body: JSON.stringify(body) };
  }
  if (random.chance(0.4)) return { ...plain, method: "DELETE", target: `/v1.41/volumes/${name()}${random.pick(["", "?force=1", "?force=2"])}` };
  if (random.chance(0.4)) return { ...plain, method: "POST", target: `/v1.41/volumes/prune${filtersOf(random)}` };
  return { ...plain, method: "GET", target: random.chance(0.5) ? `/v1.41/volumes${filtersOf(random)}` : `/v1.41/volumes/${name()}` };
}

function filtersOf(random: Random): string {
  if (random.chance(0.3)) return "";
  return `?filters=${encodeURIComponent(JSON.stringify(random.pick(FILTERS)))}`;
}

const ENDPOINT: Readonly<Record<string, readonly unknown[]>> = {
  Aliases: [null, ["db"], ["x y"], [""], ["a".repeat(300)], "db"],
  DriverOpts: [null, {}, { x: "y" }],
  EndpointID: ["", "x"],
  Gateway: ["", "10.0.0.1"],
  IPAMConfig: [null, {}, { IPv4Address: "172.17.0.5" }, { LinkLocalIPs: ["169.254.1.1"] }],
  Links: [null, [], ["{{victim}}:db"]],
  MacAddress: ["", "02:42:ac:11:00:02"],
  NetworkID: ["", "{{victimnetwork}}"],
};
const NETWORK: Readonly<Record<string, readonly unknown[]>> = {
  Attachable: [false, true, 1],
  CheckDuplicate: [true, false],
  ConfigFrom: [null, { Network: "" }, { Network: "host" }],
  ConfigOnly: [false, true],
  Driver: ["bridge", "", "host", "macvlan", "ipvlan", "overlay", "null", "BRIDGE"],
  EnableIPv6: [false, true],
  IPAM: [{ Driver: "default", Config: [] }, null, { Config: [{ Subnet: "10.0.0.0/8" }] }, { Driver: "dhcp" }, { Options: { x: "y" } }],
  Ingress: [false, true],
  Internal: [false, true, "true"],
  Labels: LABELS,
  Options: [{}, null, { "com.docker.network.bridge.name": "docker0" }, { parent: "lo" }, { "com.docker.network.bridge.inhibit_ipv4": "true" }],
  Scope: ["", "local", "global", "swarm"],
};
const NETWORK_NAMES = ["n1", "n2", "{{network}}", "bridge", "host", "none", "default", "{{victimnetwork}}", "{{othernetwork}}", "{{networkid}}", "ingress", "../x", "", "a b"];
const MEMBERS = ["{{child}}", "{{childname}}", "{{victim}}", "{{other}}", "{{gate}}", "", "x"];

/** A request for networks. */
export function networkCase(random: Random): FuzzCase {
  const plain = { kind: "network", form: "plain" } as const;
  const name = () => (random.chance(0.6) ? random.pick(NETWORK_NAMES.slice(0, 3)) : random.pick(NETWORK_NAMES));
  const inPath = () => encodeURIComponent(name()).replaceAll("%7B", "{").replaceAll("%7D", "}");
  if (random.chance(0.45)) return { ...plain, method: "POST", target: "/v1.41/networks/create", body: JSON.stringify({ Name: name(), ...random.some(NETWORK, 5) }) };
  const member = random.chance(0.7) ? "{{child}}" : random.pick(MEMBERS);
  if (random.chance(0.4)) {
    const body = { Container: member, ...(random.chance(0.6) ? { EndpointConfig: random.some(ENDPOINT, 4) } : {}) };
    return { ...plain, method: "POST", target: `/v1.41/networks/${inPath()}/connect`, body: JSON.stringify(body) };
  }
  if (random.chance(0.4)) return { ...plain, method: "POST", target: `/v1.41/networks/${inPath()}/disconnect`, body: JSON.stringify({ Container: member, Force: random.pick([true, false, 1]) }) };
  if (random.chance(0.5)) return { ...plain, method: "DELETE", target: `/v1.41/networks/${inPath()}` };
  if (random.chance(0.5)) return { ...plain, method: "POST", target: `/v1.41/networks/prune${filtersOf(random)}` };
  return { ...plain, method: "GET", target: random.chance(0.5) ? `/v1.41/networks${filtersOf(random)}` : `/v1.41/networks/${inPath()}` };
}
