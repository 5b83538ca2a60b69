import { AppError } from "@sbx/contracts";
import { parseHost, type Host } from "./host.ts";
import { formatIpv4, networkOf, parseIpv4 } from "./ipv4.ts";
import { HOST_GATEWAY, isReservedName, MCP_PORT } from "./reserved.ts";

/** TCP ports from `from` to `to`, both included, each from 1 to 65535. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** Which hosts a rule's pattern names: names by their labels, addresses by their bits. */
export type HostMatcher =
  | { readonly kind: "exact"; readonly name: Host }
  /** `*.suffix`: exactly one label before the suffix. */
  | { readonly kind: "one-label"; readonly suffix: Host }
  /** `**.suffix`: one label or more before the suffix. */
  | { readonly kind: "any-depth"; readonly suffix: Host }
  /** `**`: every name, never an address, never the host's own services. */
  | { readonly kind: "every-name" }
  /** One address (`prefix` 32) or a network, by its first address. */
  | { readonly kind: "network"; readonly network: number; readonly prefix: number };

/** A rule's pattern in parsed form, which is the only form that decisions compare. */
export interface DestinationMatcher {
  readonly host: HostMatcher;
  /** All ports when the pattern names none. */
  readonly ports: PortRange;
}

export const ALL_PORTS: PortRange = { from: 1, to: 65_535 };
const MAX_PATTERN = 300;

function invalid(pattern: string, problem: string, fix: string): AppError {
  return new AppError("CONFIG_INVALID", { message: `"${printable(pattern)}" is not a destination: ${problem}`, fix, details: { pattern: printable(pattern) } });
}

function printable(text: string): string {
  return text.slice(0, MAX_PATTERN).replaceAll(/[^\x20-\x7e]/g, "?");
}

/** Parse what a person wrote; rejects with `CONFIG_INVALID`, whose fix says what to write. See `DestinationPattern` for the forms. */
export function parseDestinationPattern(text: string): DestinationMatcher {
  if (text.length === 0 || text.length > MAX_PATTERN) throw invalid(text, `it has ${text.length} characters`, "Write a host name such as api.example.org, or *.example.org.");
  if (text.includes("://") || text.startsWith("/")) throw invalid(text, "it is a URL or a path", "Write only the host, such as api.example.org or api.example.org:443.");
  if (text.includes("[") || text.split(":").length > 2) throw invalid(text, "a sandbox has no IPv6", "Write a host name, or an IPv4 address such as 192.0.2.7 or 192.0.2.0/24.");
  const [hostText = "", portText] = text.split(":");
  const ports = portText === undefined ? ALL_PORTS : parsePorts(text, portText);
  const host = parseHostMatcher(text, hostText);
  if (host.kind === "exact" && host.name === HOST_GATEWAY) checkGateway(text, portText, ports);
  return { host, ports };
}

function parsePorts(pattern: string, text: string): PortRange {
  const match = /^([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (match === null || to > 65_535 || from > to) throw invalid(pattern, `"${printable(text)}" is no port`, "Write a port from 1 to 65535 after the colon, or a range such as 8000-8099.");
  return { from, to };
}

function checkGateway(pattern: string, portText: string | undefined, ports: PortRange): void {
  if (portText === undefined) throw invalid(pattern, "it would open every service on this machine", `Name one port, such as ${HOST_GATEWAY}:5432.`);
  if (ports.from <= MCP_PORT && MCP_PORT <= ports.to) throw invalid(pattern, `port ${MCP_PORT} of ${HOST_GATEWAY} is sbx's own`, "Name another port: this one is always reachable and needs no rule.");
}

function parseHostMatcher(pattern: string, text: string): HostMatcher {
  if (text === "**") return { kind: "every-name" };
  if (/^[0-9./]+$/.test(text)) return parseNetwork(pattern, text);
  const stars = /^\*{1,2}\./.exec(text)?.[0] ?? "";
  const rest = text.slice(stars.length);
  if (rest.includes("*")) throw invalid(pattern, "stars stand only for whole labels at the beginning", "Write *.example.org for one label, **.example.org for any depth, or ** for every name.");
  const name = parseHost(rest);
  if (name === undefined) throw invalid(pattern, "it has no valid host name", "Write letters, digits, dashes and dots; names in other scripts in their xn-- form.");
  if (isReservedName(name)) throw invalid(pattern, "names under sbx.internal are sbx's own services", "Leave it out: these services are always there and rules do not apply to them.");
  if (name === "localhost" || name.endsWith(".localhost")) throw invalid(pattern, "in a sandbox, localhost is the sandbox itself", `For a service on this machine write ${HOST_GATEWAY}:PORT.`);
  if (stars === "*.") return { kind: "one-label", suffix: name };
  if (stars === "**.") return { kind: "any-depth", suffix: name };
  return { kind: "exact", name };
}

function parseNetwork(pattern: string, text: string): HostMatcher {
  const [addressText = "", prefixText = "32", ...more] = text.split("/");
  const address = parseIpv4(addressText);
  const prefix = Number(prefixText);
  if (address === undefined || more.length > 0 || !/^(?:0|[1-9][0-9]?)$/.test(prefixText) || prefix > 32) {
    throw invalid(pattern, "it is not a whole IPv4 address or network", "Write four decimal numbers, such as 192.0.2.7, or a network such as 192.0.2.0/24.");
  }
  const network = networkOf(address, prefix);
  if (network !== address) throw invalid(pattern, `the address has bits beyond /${prefix}`, `Write ${formatIpv4(network)}/${prefix} for the network, or ${formatIpv4(address)} for the one address.`);
  return { kind: "network", network, prefix };
}

/** The shortest text that {@link parseDestinationPattern} reads as the same matcher. */
export function formatDestinationPattern({ host, ports }: DestinationMatcher): string {
  const portText = ports.from === 1 && ports.to === 65_535 ? "" : ports.from === ports.to ? `:${ports.from}` : `:${ports.from}-${ports.to}`;
  return `${formatHost(host)}${portText}`;
}

function formatHost(host: HostMatcher): string {
  switch (host.kind) {
    case "exact":
      return host.name;
    case "one-label":
      return `*.${host.suffix}`;
    case "any-depth":
      return `**.${host.suffix}`;
    case "every-name":
      return "**";
    case "network":
      return host.prefix === 32 ? formatIpv4(host.network) : `${formatIpv4(host.network)}/${host.prefix}`;
  }
}
