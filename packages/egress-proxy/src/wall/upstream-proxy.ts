import { isIPv4 } from "node:net";
import type { Destination } from "@sbx/contracts";
import { networkOf, parseIpv4 } from "@sbx/egress-policy";

/** A proxy of this machine's network, through which hosts elsewhere are reached. */
export interface UpstreamProxy {
  readonly host: string;
  readonly port: number;
  /** Value of its `Proxy-Authorization`. */
  readonly authorization?: string;
}

/** The proxy for a destination; `undefined`: it is dialled. `unusable`: there is one, which sbx does not speak to, so that nothing may be dialled past it. */
export type ProxyFor = (destination: Destination, plain: boolean) => UpstreamProxy | "unusable" | undefined;

/** Why nothing is reached where there is a proxy that sbx does not speak to. */
export const UNUSABLE_PROXY = "the proxy that this machine's environment names is none that sbx speaks to: write it as http://HOST:PORT";

const WEB_PORTS: ReadonlySet<number> = new Set([80, 443]);

/**
 * Read the variables by which programs are told of proxies: `HTTP_PROXY` for plain requests, `HTTPS_PROXY` for port 443,
 * `ALL_PROXY` for both where the other is not set and for every other port, `NO_PROXY` for who is reached without.
 */
export function readProxies(environment: Readonly<Record<string, string | undefined>>): ProxyFor {
  const of = (...names: readonly string[]): string => names.map((name) => environment[name]).find((value) => value !== undefined && value !== "") ?? "";
  const all = parseProxy(of("all_proxy", "ALL_PROXY"));
  const plainly = parseProxy(of("http_proxy", "HTTP_PROXY")) ?? all;
  const secure = parseProxy(of("https_proxy", "HTTPS_PROXY")) ?? all;
  const exempt = of("no_proxy", "NO_PROXY")
    .split(/[\s,]+/)
    .filter((entry) => entry !== "");
  return (destination, plain) => {
    const proxy = plain ? plainly : WEB_PORTS.has(destination.port) ? secure : all;
    return proxy === undefined || exempt.some((entry) => isExempt(entry, destination)) ? undefined : proxy;
  };
}

function parseProxy(text: string): UpstreamProxy | "unusable" | undefined {
  if (text === "") return undefined;
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url === null || url.protocol !== "http:" || url.hostname === "") return "unusable";
  const { username, password, hostname, port } = url;
  const authorization = username === "" ? {} : { authorization: `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`, "utf8").toString("base64")}` };
  return { host: hostname.replaceAll(/^\[|\]$/g, ""), port: port === "" ? 80 : Number(port), ...authorization };
}

/** A part of an address without its escapes; as it is where it has others than those of text. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** An entry is a name, which means what is below it too, an address, or a network of them, each with a port where it has one. */
function isExempt(entry: string, destination: Destination): boolean {
  if (entry === "*") return true;
  const [, host = entry, port] = /^(.*?)(?::(\d{1,5}))?$/.exec(entry) ?? [];
  if (port !== undefined && Number(port) !== destination.port) return false;
  if (destination.kind === "address") return isWithin(destination.address, host);
  const name = host.toLowerCase().replace(/^\*?\./, "");
  return destination.name === name || destination.name.endsWith(`.${name}`);
}

function isWithin(address: string, network: string): boolean {
  const [first = "", prefix = "32"] = network.split("/");
  const [own, base] = [parseIpv4(address), isIPv4(first) ? parseIpv4(first) : undefined];
  if (own === undefined || base === undefined || !/^(?:[12]?\d|3[0-2])$/.test(prefix)) return false;
  return networkOf(own, Number(prefix)) === networkOf(base, Number(prefix));
}
