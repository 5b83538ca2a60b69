import type { Destination } from "@sbx/contracts";
import { parseDestinationPattern, type DestinationMatcher } from "@sbx/egress-policy";
import { Secret } from "@sbx/secret-injector";
import type { Passage } from "../passage.ts";

/** A header that the wall puts on each request of a sandbox to a host, in place of whatever the request had there. It opens no host. */
export interface HostCredential {
  /** For records and refusals. */
  readonly service: string;
  /** A `DestinationPattern` of names: `api.example.org` or `*.example.org`, at port 443 unless it names another; never of all names. */
  readonly domain: string;
  /** In small letters. */
  readonly header: string;
  /** With one `%s`, where the secret goes: `Bearer %s`. */
  readonly format: string;
  /** Then the header is that of Basic authentication (RFC 7617) with this name, and `format` says nothing. */
  readonly username?: string;
  /** The real value, asked for with each request; `undefined` when there is none for this host. */
  readonly secret: (host: string) => Promise<Secret | undefined>;
  /** The command by which a person gives one. */
  readonly fix: string;
}

/** A header with a credential in it, and what must not come back. */
export interface PutIn {
  /** In small letters. */
  readonly header: string;
  readonly value: Secret;
  readonly secrets: readonly Secret[];
}

const WEB_PORT = 443;

/** The credentials of a pod that belong to this connection's host. */
export function credentialsOf({ parts, pod, destination }: Pick<Passage, "parts" | "pod" | "destination">): readonly HostCredential[] {
  return parts.credentialsOf(pod).filter(({ domain }) => covers(parseDestinationPattern(domain), destination, domain.includes(":")));
}

function covers({ host, ports }: DestinationMatcher, destination: Destination, namesPort: boolean): boolean {
  if (destination.kind !== "name" || (namesPort ? destination.port < ports.from || destination.port > ports.to : destination.port !== WEB_PORT)) return false;
  const { name } = destination;
  if (host.kind === "exact") return name === host.name;
  return host.kind === "one-label" && name.slice(name.indexOf(".") + 1) === host.suffix;
}

/** What is put on a request now, or why nothing can be: a credential that is missing keeps the request from the host. */
export async function putIn(credentials: readonly HostCredential[], host: string): Promise<readonly PutIn[] | { readonly reason: string; readonly fix?: string }> {
  const all: PutIn[] = [];
  for (const { service, header, format, username, secret, fix } of credentials) {
    const value = await secret(host).catch(() => "failed" as const);
    if (value === "failed") return { reason: `the credential "${service}" for ${host} could not be read` };
    if (value === undefined) return { reason: `sbx holds no credential "${service}" for ${host}`, fix };
    const raw = value.reveal();
    const basic = username === undefined ? undefined : Buffer.from(`${username}:${raw}`, "utf8").toString("base64");
    const whole = basic === undefined ? format.replace("%s", () => raw) : `Basic ${basic}`;
    if (!/^[\t\x20-\x7e]+$/.test(whole)) return { reason: `the credential "${service}" is none that a header can carry` };
    all.push({ header, value: new Secret(whole), secrets: [value, ...(basic === undefined ? [] : [new Secret(basic)])] });
  }
  return all;
}

/** The headers themselves, for the request and nothing else. */
export function headersOf(all: readonly PutIn[]): Readonly<Record<string, string>> {
  return Object.fromEntries(all.map(({ header, value }) => [header, value.reveal()]));
}
