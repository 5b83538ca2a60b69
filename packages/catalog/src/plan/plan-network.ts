import { AppError, type ServerConfig, type ServerEntry } from "@sbx/contracts";
import { parseDestinationPattern, parseHost, parseIpv4 } from "@sbx/egress-policy";
import { entryRefused, valueChecks } from "./check-value.ts";
import { evaluate, textOf, type Evaluated } from "./evaluate.ts";
import type { PlannedDestination, PlannedHost, PlannedNetwork } from "./server-plan.ts";

const MAX_DESTINATIONS = 200;

/**
 * Evaluate and parse `host:port[/tcp|/http|/https]`. Nothing declared means no network. An entry may name every host by
 * `*:443`; a configuration names whole hosts only.
 *
 * @throws AppError `CATALOG_INVALID`, `CONFIG_INVALID`
 */
export function planNetwork({ name, allowHosts, disableNetwork }: ServerEntry, config: ServerConfig): PlannedNetwork {
  if (disableNetwork) return { kind: "none" };
  const scope = { server: name, config, check: valueChecks(name).host };
  const destinations = allowHosts.flatMap((text) =>
    evaluate(text, scope)
      .filter(({ empty }) => !empty)
      .map((value) => planDestination(name, value)),
  );
  if (destinations.length > MAX_DESTINATIONS) throw entryRefused(name, `it wants more than ${MAX_DESTINATIONS} destinations`);
  return destinations.length === 0 ? { kind: "none" } : { kind: "allow", destinations };
}

function planDestination(server: string, { pieces }: Evaluated): PlannedDestination {
  const text = textOf(pieces);
  const [, host = "", port = "", protocol] = /^([^:/\s]+):([1-9][0-9]{0,4})(?:\/(tcp|http|https))?$/.exec(text) ?? [];
  if (host === "") throw entryRefused(server, `the destination "${text}" is not host:port, with /tcp, /http or /https at the end if need be`);
  const to = `${host === "*" ? "**" : host}:${port}`;
  try {
    parseDestinationPattern(to);
  } catch (error) {
    if (AppError.is(error)) throw entryRefused(server, error.message);
    throw error;
  }
  return { to, protocol: protocolOf(protocol, port), fromConfig: pieces.some(({ config }) => config) };
}

function protocolOf(protocol: string | undefined, port: string): PlannedDestination["protocol"] {
  if (protocol === "tcp" || protocol === "http" || protocol === "https") return protocol;
  return port === "443" ? "https" : port === "80" ? "http" : "tcp";
}

/** Parse `name:address`. @throws AppError `CATALOG_INVALID` */
export function planHosts({ name: server, extraHosts }: ServerEntry): readonly PlannedHost[] {
  return extraHosts.map((text) => {
    const [, name = "", address = ""] = /^([^:=\s]+)[:=](.+)$/.exec(text) ?? [];
    if (parseHost(name) === undefined || (address !== "host-gateway" && parseIpv4(address) === undefined))
      throw entryRefused(server, `"${text}" is not name:address with an IPv4 address or host-gateway`);
    return { name, address };
  });
}
