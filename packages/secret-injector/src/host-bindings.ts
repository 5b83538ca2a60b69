import { AppError, type HostBinding } from "@sbx/contracts";
import { isReservedName, isServiceName, parseDestinationPattern, parseHost, type DestinationMatcher } from "@sbx/egress-policy";
import { modelServiceOf } from "./bindings.ts";

const HTTPS = 443;
const FORM = "Write a host name such as api.example.org, or *.example.org for one label before it; with :PORT where the port is not 443.";

/** Which host a person gives a secret to, and when. */
export interface BindHost {
  readonly secret: string;
  /** As the person wrote it. */
  readonly host: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/**
 * Bind a secret to a host, or to the names with exactly one label before a suffix.
 *
 * @throws AppError `CONFIG_INVALID` for the key of a model provider, and for what is neither: addresses, all names, names of
 * sbx's own, more than one port
 */
export function bindHost(hosts: readonly HostBinding[], { secret, host, at }: BindHost): { readonly hosts: readonly HostBinding[]; readonly binding: HostBinding } {
  const service = modelServiceOf(secret);
  if (service !== undefined)
    throw new AppError("CONFIG_INVALID", {
      message: `"${secret}" is the key of ${service.displayName}, which goes to ${new URL(service.upstream).host} and nowhere else`,
      fix: `Keep a key for the host under a name of its own: sbx secret set ${secret}.api_key`,
    });
  const binding: HostBinding = { secret, host: parseBoundHost(host), boundAt: at };
  return { hosts: [...hosts.filter((one) => one.secret !== secret || one.host !== binding.host), binding], binding };
}

/** Take a secret from a host, in the form of {@link parseBoundHost}; the same list when it was not bound to it. */
export function unbindHost(hosts: readonly HostBinding[], secret: string, host: string): readonly HostBinding[] {
  const left = hosts.filter((one) => one.secret !== secret || one.host !== host);
  return left.length === hosts.length ? hosts : left;
}

/**
 * Whether a secret may be put into requests to a host: default is that it may not, and a model provider's key never.
 *
 * @param host a host name, with `:PORT` where the port is not 443
 */
export function isBoundToHost(hosts: readonly HostBinding[], secret: string, host: string): boolean {
  if (modelServiceOf(secret) !== undefined) return false;
  const covering = boundHostsThatCover(host);
  return hosts.some((one) => one.secret === secret && covering.includes(one.host));
}

/** The form in which bindings have a host, and in which alone they are compared. @throws AppError `CONFIG_INVALID` */
export function parseBoundHost(text: string): string {
  const { host, ports } = parsePattern(text);
  const port = text.includes(":") ? ports.from : HTTPS;
  if (text.includes(":") && ports.from !== ports.to) throw invalid(text, "a secret is bound to one port");
  switch (host.kind) {
    case "network":
      throw invalid(text, "a secret is bound to names alone: an address does not say whose it is");
    case "every-name":
    case "any-depth":
      throw invalid(text, "it would give the secret to names at any depth");
    case "one-label":
      if (!host.suffix.includes(".")) throw invalid(text, `it would give the secret to everybody who has a name under ${host.suffix}`);
      return withPort(`*.${host.suffix}`, port);
    case "exact":
      if (isServiceName(host.name)) throw invalid(text, "in a sandbox this name is sbx's own");
      return withPort(host.name, port);
  }
}

function parsePattern(text: string): DestinationMatcher {
  try {
    return parseDestinationPattern(text);
  } catch (error) {
    throw AppError.is(error) ? new AppError("CONFIG_INVALID", { message: error.message, fix: FORM, cause: error }) : error;
  }
}

/** What a binding to this host may look like: the name itself, or one label before the rest of it. */
function boundHostsThatCover(text: string): readonly string[] {
  const [, nameText = "", portText] = /^([^:]+)(?::([1-9][0-9]{0,4}))?$/.exec(text) ?? [];
  const name = parseHost(nameText);
  if (name === undefined || isReservedName(name) || isServiceName(name)) return [];
  const port = Number(portText ?? HTTPS);
  const [, suffix = ""] = /^[^.]+\.(.+)$/.exec(name) ?? [];
  return [withPort(name, port), ...(suffix.includes(".") ? [withPort(`*.${suffix}`, port)] : [])];
}

function withPort(host: string, port: number): string {
  return port === HTTPS ? host : `${host}:${port}`;
}

function invalid(text: string, problem: string): AppError {
  return new AppError("CONFIG_INVALID", { message: `"${text}" is no host for a secret: ${problem}`, fix: FORM });
}
