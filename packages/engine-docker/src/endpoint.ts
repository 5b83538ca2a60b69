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
  return endpoint.kind === "unix" ? `unix://${endpoint.path}` : `tcp://${endpoint.host}:${String(endpoint.port)}`;
}

/**
 * Read an address of the forms `unix:///path`, `/path`, `tcp://host:port` and `host:port`.
 *
 * A certificate directory of the environment (DOCKER_CERT_PATH with DOCKER_TLS_VERIFY) applies to tcp addresses.
 *
 * @throws Error with the reason when the address cannot be used.
 */
export async function parseEndpoint(address: string, environment: Environment): Promise<Endpoint> {
  const path = /^(?:unix:\/\/)?(\/.+)$/.exec(address)?.[1];
  if (path !== undefined) return { kind: "unix", path };
  const url = URL.parse(/^[a-z]+:\/\//.test(address) ? address : `tcp://${address}`);
  if (url === null || !["tcp:", "http:", "https:"].includes(url.protocol) || url.hostname === "") {
    throw new Error(`"${address}" is not a unix or tcp address`);
  }
  const tls = await readCertificates(environment);
  const port = Number(url.port) || (tls === undefined ? 2375 : 2376);
  return { kind: "tcp", host: url.hostname, port, ...(tls === undefined ? {} : { tls }) };
}

async function readCertificates(environment: Environment): Promise<{ ca: string; cert: string; key: string } | undefined> {
  const folder = environment["DOCKER_CERT_PATH"];
  if (folder === undefined || folder === "" || (environment["DOCKER_TLS_VERIFY"] ?? "") === "") return undefined;
  const [ca, cert, key] = await Promise.all([read(folder, "ca.pem"), read(folder, "cert.pem"), read(folder, "key.pem")]);
  return { ca, cert, key };
}

async function read(folder: string, name: string): Promise<string> {
  return readFile(join(folder, name), "utf8");
}
