import { AppError } from "@sbx/contracts";
import { HOST_GATEWAY, parseDestinationPattern, type HostMatcher } from "@sbx/egress-policy";

/** A host pattern of a Kit in the words of our rules, or why it can be none. */
export type DestinationResult = { readonly destination: string } | { readonly why: string };

/**
 * Translate `host`, `host:port`, `*.host`, `*` and `**`. A star alone is every name here and there, but written `**` in our
 * rules. Addresses and the services of this machine cannot be opened by a Kit: only a person can.
 */
export function toDestination(pattern: string): DestinationResult {
  const form = /^(?:(?<all>\*{1,2})|(?<host>(?:\*\.)?[^*:]+))(?::(?<port>[0-9]+))?$/u.exec(pattern)?.groups;
  if (form === undefined) return { why: "it is none of host, host:port, *.host, * and **" };
  const destination = `${form["host"] ?? "**"}${form["port"] === undefined ? "" : `:${form["port"]}`}`;
  try {
    const why = whyNotOpened(parseDestinationPattern(destination).host);
    return why === undefined ? { destination } : { why };
  } catch (error) {
    if (AppError.is(error)) return { why: error.message.slice(error.message.indexOf(": ") + 2) };
    throw error;
  }
}

function whyNotOpened(host: HostMatcher): string | undefined {
  if (host.kind === "network") return "a Kit names hosts, not addresses";
  const isThisMachine = host.kind === "exact" && (host.name === HOST_GATEWAY || host.name.endsWith(".docker.internal"));
  return isThisMachine ? "a Kit cannot open services of the person's machine; --allow-host-port does" : undefined;
}

/** The host of a pattern, without its port, as it was written but in lower case. */
export function hostOf(pattern: string): string {
  return (pattern.split(":")[0] ?? "").toLowerCase();
}
