import { X509Certificate, createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";

/** The environment that builds learn proxies and certificate files from; a variable that is not set is `undefined`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a system keeps the authorities that an administrator added. */
const ADDED = ["/usr/local/share/ca-certificates", "/etc/pki/ca-trust/source/anchors", "/etc/ca-certificates/trust-source/anchors"];
/** Where Debian keeps the public ones as single files; its release and Node's may differ by a few. */
const PUBLIC = ["/usr/share/ca-certificates/mozilla"];
const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

export interface TrustPlaces {
  readonly added: readonly string[];
  readonly known: readonly string[];
}

/**
 * Certificates of the authorities that this host trusts and the public does not, as PEM.
 *
 * Taken from `NODE_EXTRA_CA_CERTS`, `SSL_CERT_FILE` and the system's directories for added authorities. On a network that
 * inspects TLS, a build and the sandbox itself reach nothing without them. A file that cannot be read counts as empty.
 */
export async function extraAuthorities(env: Environment, places: TrustPlaces = { added: ADDED, known: PUBLIC }): Promise<readonly string[]> {
  const named = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"].map((key) => blocksOfFile(env[key] ?? ""));
  const candidates = [...(await Promise.all(named)), ...(await Promise.all(places.added.map(blocksOfDirectory)))].flat();
  if (candidates.length === 0) return [];
  const known = new Set([...rootCertificates, ...(await Promise.all(places.known.map(blocksOfDirectory))).flat()].map(body));
  const extra = new Map(candidates.filter((pem) => !known.has(body(pem)) && isAuthority(pem)).map((pem) => [body(pem), pem]));
  return [...extra.values()].toSorted();
}

/**
 * All authorities that programs on this host trust, as one PEM: the public ones and {@link extraAuthorities}. `undefined`
 * where there are only public ones, which every image has by itself.
 */
export async function hostAuthorities(env: Environment, places?: TrustPlaces): Promise<string | undefined> {
  const extra = await extraAuthorities(env, places);
  return extra.length === 0 ? undefined : [...rootCertificates.map((pem) => `${pem.trim()}\n`), ...extra].join("");
}

/** Name a certificate's file by its content. */
export function authorityFileName(pem: string): string {
  return `host-${createHash("sha256").update(body(pem)).digest("hex").slice(0, 12)}.crt`;
}

async function blocksOfDirectory(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch(() => []);
  return (await Promise.all(names.filter((name) => /\.(crt|pem)$/.test(name)).map((name) => blocksOfFile(join(directory, name))))).flat();
}

async function blocksOfFile(path: string): Promise<readonly string[]> {
  const text = await readFile(path, "latin1").catch(() => "");
  return [...text.matchAll(BLOCK)].map(([pem]) => `${pem}\n`);
}

function body(pem: string): string {
  return pem.replaceAll(/-----[A-Z ]+-----|\s/g, "");
}

function isAuthority(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    return false;
  }
}
