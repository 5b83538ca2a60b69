import { AppError } from "@sbx/contracts";
import { HOST_GATEWAY, parseDestinationPattern } from "@sbx/egress-policy";

/** A host pattern of a Kit in the words of our rules, or why it can be none. */
export type DestinationResult = { readonly destination: string } | { readonly why: string };

/**
 * Translate `host`, `host:port`, `*.host`, `*` and `**`. A star alone is every name here and there, but written `**` in our
 * rules. Addresses and the services of this machine cannot be opened by a Kit: only a person can.
 */
export function toDestination(pattern: string): DestinationResult {
  const [host = "", port] = pattern.split(":");
  const ours = `${host === "*" ? "**" : host}${port === undefined ? "" : `:${port}`}`;
  if (pattern.split(":").length > 2 || (host.startsWith("**") && host !== "**") || port?.includes("-")) return { why: "it is none of host, host:port, *.host, * and **" };
  try {
    const matcher = parseDestinationPattern(ours);
    if (matcher.host.kind === "network") return { why: "a Kit names hosts, not addresses" };
    if (matcher.host.kind === "exact" && (matcher.host.name === HOST_GATEWAY || matcher.host.name.endsWith(".docker.internal"))) return { why: "a Kit cannot open services of the person's machine; --allow-host-port does" };
    return { destination: ours };
  } catch (error) {
    if (AppError.is(error)) return { why: error.message.slice(error.message.indexOf(": ") + 2) };
    throw error;
  }
}

/** The host of a pattern, without its port, as it was written but in lower case. */
export function hostOf(pattern: string): string {
  return (pattern.split(":")[0] ?? "").toLowerCase();
}
