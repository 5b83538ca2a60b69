import type { IncomingMessage } from "node:http";
import { parseHost } from "@sbx/egress-policy";

/** Headers of one hop: they end here and are made anew for the next. */
const HOP_BY_HOP: ReadonlySet<string> = new Set(["connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "transfer-encoding", "upgrade", "http2-settings"]);

/** Headers that Node keeps of one message. Some versions pass over what is beyond, also over what says how long the body is. */
export const KEPT_HEADERS = 1000;

/** Whether a message may have had more headers than are known of it. */
export function mayLackHeaders({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.length >= 2 * KEPT_HEADERS;
}

export interface Header {
  readonly name: string;
  readonly value: string;
}

/** The headers of a message in their order, without those of this hop, those that `Connection` names, and `drop` (as {@link plainName} has it). */
export function endToEndHeaders(rawHeaders: readonly string[], drop: ReadonlySet<string>): readonly Header[] {
  const all = pairs(rawHeaders);
  const named = new Set(all.filter(({ name }) => name.toLowerCase() === "connection").flatMap(({ value }) => value.split(",").map((token) => plainName(token.trim()))));
  return all.filter(({ name }) => {
    const plain = plainName(name);
    return !HOP_BY_HOP.has(plain) && !named.has(plain) && !drop.has(plain);
  });
}

/** A header's name in small letters, with dashes for underscores: servers of CGI take the two for one. */
export function plainName(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

function pairs(rawHeaders: readonly string[]): readonly Header[] {
  const all: Header[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) all.push({ name: rawHeaders[index] ?? "", value: rawHeaders[index + 1] ?? "" });
  return all;
}

/** The form that Node's HTTP takes: repeated headers become lists, under the spelling of the first. */
export function toNodeHeaders(headers: readonly Header[]): Record<string, string | string[]> {
  const names = new Map<string, string>();
  const out = new Map<string, string[]>();
  for (const { name, value } of headers) {
    const spelling = names.get(name.toLowerCase()) ?? name;
    names.set(name.toLowerCase(), spelling);
    out.set(spelling, [...(out.get(spelling) ?? []), value]);
  }
  return Object.fromEntries([...out].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? "") : values]));
}

/** Host and port of an authority; the host as `parseHost` gives it, or an IPv4 literal unchanged. */
export function parseAuthority(text: string): { readonly host: string; readonly port: number | undefined } | undefined {
  const match = /^([^:@/?#\\[\]\s]{1,255})(?::([0-9]{1,5}))?$/.exec(text);
  const [, hostText = "", portText] = match ?? [];
  const host = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(hostText) ? hostText : parseHost(hostText);
  return host === undefined ? undefined : { host, port: portText === undefined ? undefined : Number(portText) };
}

/** Whom a connection is for, and whether it is encrypted. */
export interface Origin {
  readonly scheme: "http" | "https";
  /** The name that was resolved in the pod, parsed, or the IPv4 literal that was dialled. */
  readonly host: string;
  readonly port: number;
}

/** The port that a `Host` header leaves out. */
export const USUAL_PORT: Readonly<Record<Origin["scheme"], number>> = { http: 80, https: 443 };

export type Target = { readonly kind: "target"; readonly path: string } | { readonly kind: "mismatch"; readonly asked: string };

/**
 * The path that a request asks for, if everything in it that names a host names this one: exactly one Host header, and the
 * authority of an absolute form.
 */
export function readTarget(request: IncomingMessage, { scheme, host, port }: Origin): Target {
  const hosts = pairs(request.rawHeaders)
    .filter(({ name }) => name.toLowerCase() === "host")
    .map(({ value }) => value);
  const names = (text: string): boolean => {
    const authority = parseAuthority(text);
    return authority !== undefined && authority.host === host && (authority.port ?? USUAL_PORT[scheme]) === port;
  };
  const mismatch = (asked: string): Target => ({ kind: "mismatch", asked: asked.slice(0, 255).replaceAll(/[^\x21-\x7e]/g, "?") });
  const [only] = hosts;
  if (only === undefined || hosts.length !== 1 || !names(only)) return mismatch(hosts.length === 0 ? "no host" : hosts.join(" and "));
  const url = request.url ?? "";
  if (url.startsWith("/") || (url === "*" && request.method === "OPTIONS")) return { kind: "target", path: url };
  const { authority, path } = splitAbsolute(url, scheme);
  return names(authority) ? { kind: "target", path } : mismatch(url);
}

/** The parts of a request target in absolute form; anything else has an empty authority. */
function splitAbsolute(url: string, scheme: Origin["scheme"]): { readonly authority: string; readonly path: string } {
  const [, named = "", authority = "", rest = ""] = /^(https?):\/\/([^/?#]*)(.*)$/i.exec(url) ?? [];
  if (named.toLowerCase() !== scheme) return { authority: "", path: "" };
  return { authority, path: rest.startsWith("/") ? rest : `/${rest}` };
}
