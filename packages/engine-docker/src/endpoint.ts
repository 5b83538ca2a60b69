import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Where an engine listens. */
export type Endpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string } };

/** The process's environment, or a part of it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The endpoint as a person would write it. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === "unix") return `unix://${endpoint.path}`;
  return `tcp://${endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host}:${String(endpoint.port)}`;
}

/** Says `yes` where a person wants an engine of another machine spoken to without TLS. */
export const PLAIN = "SBX_PLAIN_ENGINE";

/** What an address is read with. */
export interface EndpointSecurity {
  /** Directory with ca.pem, cert.pem and key.pem: a tcp address is then spoken to by TLS, and both ends are verified. */
  readonly certificates: string | undefined;
  /** Whether a tcp address of another machine may be spoken to without. */
  readonly plain: boolean;
}

/**
 * Read an address of the forms `unix:///path`, `/path`, `tcp://host:port` and `host:port`.
 *
 * Whoever speaks to an engine has its machine, and whoever is between hears every secret that a sandbox's programs are given:
 * without TLS only this machine's loopback is spoken to, unless a person says otherwise.
 *
 * @throws Error with the reason when the address cannot be used.
 */
export async function parseEndpoint(address: string, { certificates, plain }: EndpointSecurity): Promise<Endpoint> {
  const path = /^(?:unix:\/\/)?(\/.+)$/.exec(address)?.[1];
  if (path !== undefined) return { kind: "unix", path };
  const url = parseNetworkAddress(address);
  const tls = certificates === undefined ? undefined : await readCertificates(certificates);
  if (tls === undefined) refuseUnencrypted(address, url, plain);
  const port = Number(url.port) || (tls === undefined ? 2375 : 2376);
  return { kind: "tcp", host: bareHost(url.hostname), port, ...(tls === undefined ? {} : { tls }) };
}

function parseNetworkAddress(address: string): URL {
  if (address.startsWith("ssh://")) throw new Error(`"${address}" is reached through ssh, which sbx does not do: run sbx on that machine itself`);
  const url = URL.parse(/^[a-z]+:\/\//.test(address) ? address : `tcp://${address}`);
  if (url !== null && ["tcp:", "http:", "https:"].includes(url.protocol) && url.hostname !== "") return url;
  throw new Error(`"${address}" is not a unix or tcp address`);
}

function refuseUnencrypted(address: string, { protocol, hostname }: URL, plain: boolean): void {
  if (protocol === "https:") throw new Error(`"${address}" needs certificates: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH`);
  if (plain || isLoopback(hostname)) return;
  throw new Error(`"${address}" would be spoken to without TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, or if everybody on the way is trusted with that machine ${PLAIN}=yes`);
}

/** Written as an address: what a name stands for is for others to say, but for the one that every resolver keeps at home. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Without the brackets that an IPv6 address has in a URL only. */
function bareHost(hostname: string): string {
  return /^\[(.+)\]$/.exec(hostname)?.[1] ?? hostname;
}

async function readCertificates(folder: string): Promise<{ ca: string; cert: string; key: string }> {
  const [ca, cert, key] = await Promise.all([read(folder, "ca.pem"), read(folder, "cert.pem"), read(folder, "key.pem")]);
  return { ca, cert, key };
}

async function read(folder: string, name: string): Promise<string> {
  return readFile(join(folder, name), "utf8");
}
