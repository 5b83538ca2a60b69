import { isIPv4, isIPv6 } from "node:net";
import { networkOf, parseIpv4 } from "@sbx/egress-policy";

/** Why an address is not dialled for a name, and what a rule must say to open it. */
export interface Guarded {
  /** What the address is, after "is": `a private address`. */
  readonly what: string;
  /** Shortest network of a rule that is taken to mean this address; 32: only a rule of the very address. */
  readonly namedBy: number;
}

const ONLY_ITSELF = 32;
/** IANA's special-purpose registry for IPv4, and providers' metadata services beyond it. The most particular first. */
const IPV4: readonly (readonly [network: string, what: string, namedBy: number])[] = [
  ["100.100.100.200/32", "a cloud's metadata service", ONLY_ITSELF],
  ["168.63.129.16/32", "a cloud's metadata service", ONLY_ITSELF],
  ["169.254.0.0/16", "a link-local or metadata address", ONLY_ITSELF],
  ["0.0.0.0/8", "no address of a host", ONLY_ITSELF],
  ["127.0.0.0/8", "a loopback address", ONLY_ITSELF],
  ["10.0.0.0/8", "a private address", 8],
  ["172.16.0.0/12", "a private address", 12],
  ["192.168.0.0/16", "a private address", 16],
  ["100.64.0.0/10", "an address of a carrier's network", 10],
  ["192.0.0.0/24", "a reserved address", 24],
  ["192.0.2.0/24", "an address for documentation", 24],
  ["192.88.99.0/24", "a reserved address", 24],
  ["198.18.0.0/15", "an address for tests", 15],
  ["198.51.100.0/24", "an address for documentation", 24],
  ["203.0.113.0/24", "an address for documentation", 24],
  ["224.0.0.0/4", "a multicast address", ONLY_ITSELF],
  ["240.0.0.0/4", "a reserved address", ONLY_ITSELF],
];

/** Networks of IPv6 whose addresses carry an IPv4 one: where it begins, in bytes, and whether its bits are turned over (Teredo). */
const EMBEDDED: readonly (readonly [prefix: string, bits: number, offset: number, inverted: boolean])[] = [
  ["::ffff:0:0", 96, 12, false],
  ["::ffff:0:0:0", 96, 12, false],
  ["64:ff9b::", 96, 12, false],
  ["2002::", 16, 2, false],
  ["2001::", 32, 12, true],
];

const IPV6: readonly (readonly [prefix: string, bits: number, what: string])[] = [
  ["::1", 128, "a loopback address"],
  ["::", 96, "no address of a host"],
  ["::ffff:0:0", 96, "an IPv4 address in IPv6 form"],
  ["::ffff:0:0:0", 96, "an IPv4 address in IPv6 form"],
  ["64:ff9b:1::", 48, "an address of local translation"],
  ["100::", 64, "a discard address"],
  ["2001::", 23, "a reserved address"],
  ["2001:db8::", 32, "an address for documentation"],
  ["3fff::", 20, "an address for documentation"],
  ["5f00::", 16, "a reserved address"],
  ["fc00::", 7, "a private address"],
  ["fe80::", 10, "a link-local address"],
  ["fec0::", 10, "a private address"],
  ["ff00::", 8, "a multicast address"],
];

/**
 * Say why an address must not be dialled for a name, or `undefined` for a public one. `own` are this machine's addresses.
 * IPv6 addresses that carry an IPv4 one are judged by that, too. What is no address is guarded.
 */
export function guardAddress(address: string, own: readonly string[]): Guarded | undefined {
  if (isIPv4(address)) return guardIpv4(address, own);
  const bytes = parseIpv6(address);
  if (bytes === undefined) return { what: "no address", namedBy: ONLY_ITSELF };
  const special = IPV6.find(([prefix, bits]) => isWithin(bytes, prefix, bits));
  const inner = embeddedIpv4(address);
  const guarded = inner === undefined ? undefined : guardIpv4(inner, own);
  if (guarded !== undefined) return { what: `${guarded.what} (${inner}) in IPv6 form`, namedBy: ONLY_ITSELF };
  if (special !== undefined) return { what: special[2], namedBy: ONLY_ITSELF };
  return own.some((text) => parseIpv6(text)?.equals(bytes) === true) ? { what: "an address of this machine", namedBy: ONLY_ITSELF } : undefined;
}

/** The IPv4 address that an IPv6 one stands for, if it does. */
export function embeddedIpv4(address: string): string | undefined {
  const bytes = parseIpv6(address);
  if (bytes === undefined) return undefined;
  const found = EMBEDDED.find(([prefix, bits]) => isWithin(bytes, prefix, bits));
  if (found === undefined) return undefined;
  const [, , offset, inverted] = found;
  return [...bytes.subarray(offset, offset + 4)].map((byte) => (inverted ? byte ^ 0xff : byte)).join(".");
}

function guardIpv4(address: string, own: readonly string[]): Guarded | undefined {
  const value = parseIpv4(address);
  if (value === undefined) return { what: "no address", namedBy: ONLY_ITSELF };
  for (const [network, what, namedBy] of IPV4) {
    const [first = "", prefix = "32"] = network.split("/");
    if (networkOf(value, Number(prefix)) === parseIpv4(first))
      return { what: own.includes(address) && namedBy < ONLY_ITSELF ? "an address of this machine" : what, namedBy: own.includes(address) ? ONLY_ITSELF : namedBy };
  }
  return own.includes(address) ? { what: "an address of this machine", namedBy: ONLY_ITSELF } : undefined;
}

function isWithin(bytes: Buffer, prefix: string, bits: number): boolean {
  const network = parseIpv6(prefix);
  if (network === undefined) throw new Error(`"${prefix}" in the table is no IPv6 address`);
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = bits - bit >= 8 ? 0xff : (0xff << (8 - (bits - bit))) & 0xff;
    if (((bytes[bit / 8] ?? 0) & mask) !== ((network[bit / 8] ?? 0) & mask)) return false;
  }
  return true;
}

/** The 16 bytes of an IPv6 address; one with a zone is none for us. */
function parseIpv6(text: string): Buffer | undefined {
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const dotted = /:(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1];
  const value = dotted === undefined ? undefined : parseIpv4(dotted);
  const plain = dotted === undefined || value === undefined ? text : `${text.slice(0, -dotted.length)}${Math.floor(value / 65_536).toString(16)}:${(value % 65_536).toString(16)}`;
  const [left = "", right] = plain.split("::");
  const head = left === "" ? [] : left.split(":");
  const tail = right === undefined || right === "" ? [] : right.split(":");
  const groups = [...head, ...Array.from({ length: right === undefined ? 0 : 8 - head.length - tail.length }, () => "0"), ...tail];
  const bytes = Buffer.alloc(16);
  groups.forEach((group, index) => bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2));
  return bytes;
}
