import * as z from "zod";
import { formatDestinationPattern, isServiceName, parseDestinationPattern, type DestinationMatcher } from "@sbx/egress-policy";
import type { ConfigOf } from "./capability-configs.ts";
import { toDestination } from "./destination.ts";

type StatedInjection = NonNullable<NonNullable<ConfigOf<"com.docker.sandbox/credential@1">["apiKey"]>["inject"]>[number];

/** Requests that a credential is put on: those to one host, in one header, whatever the request had there. */
export const Injection = z.object({
  /** `api.example.org`, or `*.example.org` for exactly one label; with `:PORT` unless the port is 443. */
  domain: z.string(),
  /** In lower case. */
  header: z.string(),
  /** `%s` stands for the secret. */
  format: z.string(),
  /** With it the header is that of basic authentication, and `format` is not used. */
  username: z.string().optional(),
});
export type Injection = z.infer<typeof Injection>;

const HTTPS = 443;
const TOKEN = /^[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
const PRINTABLE = /^[\x20-\x7e]{1,500}$/;

/** Headers that frame a message or its connection, or say whose it is: whoever sets one could make two requests of one. */
const NOT_SET: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "upgrade",
  "expect",
  "proxy-authorization",
  "proxy-connection",
  "http2-settings",
]);

/** Read where a Kit wants a credential put on, or why it cannot be put on there. */
export function readInjection(stated: StatedInjection): Injection | { readonly why: string } {
  const place = readDomain(stated.domain);
  if (typeof place !== "string") return place;
  const header = (stated.header ?? "authorization").toLowerCase();
  if (!TOKEN.test(header) || NOT_SET.has(header)) return { why: `"${shown(header)}" is no header that a credential is put into` };
  const value = readValue(stated);
  return "why" in value ? value : { domain: place, header, ...value };
}

function readDomain(text: string): string | { readonly why: string } {
  const result = toDestination(text);
  if ("why" in result) return { why: `a credential is not put on at "${shown(text)}": ${result.why}` };
  const matcher = parseDestinationPattern(result.destination);
  const why = whyNoDomain(matcher);
  if (why !== undefined) return { why: `a credential is not put on at "${shown(text)}": ${why}` };
  if (text.endsWith(":80")) return { why: `a credential is not put on at "${shown(text)}": what goes there is not encrypted` };
  const ports = text.includes(":") ? matcher.ports : { from: HTTPS, to: HTTPS };
  const written = formatDestinationPattern({ host: matcher.host, ports });
  return ports.from === HTTPS ? written.slice(0, written.indexOf(":")) : written;
}

function whyNoDomain({ host }: DestinationMatcher): string | undefined {
  if (host.kind === "one-label") return host.suffix.includes(".") ? undefined : "it would go to everybody who has a name there";
  if (host.kind !== "exact") return "it goes to one host, or to names with one label before a host";
  return isServiceName(host.name) ? "this name is sbx's own" : undefined;
}

type Value = Pick<Injection, "format" | "username">;

function readValue({ header, format, scheme, username }: StatedInjection): Value | { readonly why: string } {
  if (scheme !== undefined && scheme !== "bearer" && scheme !== "basic") return { why: `"${shown(scheme)}" is no scheme; there are bearer and basic` };
  if (scheme === "basic" || username !== undefined) return readBasic({ scheme, format, username });
  if (scheme !== undefined && format !== undefined) return { why: "a credential has a scheme or a format, not both" };
  return readFormat(format ?? (scheme === undefined && header !== undefined ? "%s" : "Bearer %s"));
}

function readFormat(whole: string): Value | { readonly why: string } {
  if (!PRINTABLE.test(whole) || whole.split("%s").length !== 2) return { why: `the format "${shown(whole)}" does not hold %s exactly once, among printable characters` };
  return { format: whole };
}

function readBasic({ scheme, format, username }: Pick<StatedInjection, "scheme" | "format" | "username">): Value | { readonly why: string } {
  if (scheme === "bearer" || format !== undefined) return { why: "a username belongs to the scheme basic, and to no format" };
  if (username === undefined || !PRINTABLE.test(username) || username.includes(":")) return { why: "basic authentication needs a username of printable characters without a colon" };
  return { format: "%s", username };
}

/** The domains, each by itself, at which a secret may not be put on that is bound to these hosts. */
export function unboundDomains(injections: readonly Injection[], bound: readonly string[]): readonly string[] {
  return [...new Set(injections.map(({ domain }) => domain))].filter((domain) => !bound.some((host) => coversDomain(host, domain)));
}

/** Whether every name of one domain is one of another; both as {@link Injection} has them. */
export function coversDomain(outer: string, inner: string): boolean {
  if (outer === inner) return true;
  return outer.startsWith("*.") && !inner.startsWith("*.") && inner.slice(inner.indexOf(".") + 1) === outer.slice(2);
}

function shown(text: string): string {
  return text.slice(0, 100).replaceAll(/[^\x20-\x7e]/g, "?");
}
