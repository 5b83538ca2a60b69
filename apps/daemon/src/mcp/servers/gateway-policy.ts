import { isDeepStrictEqual } from "node:util";
import { BUILT_IN_CATALOG, judgeServer, planServer, type PlannedDestination } from "@sbx/catalog";
import type { EnabledServer } from "@sbx/contracts";
import type { Caller, ServerPolicy, StartServer, Verdict } from "@sbx/mcp-gateway";
import { parseDestinationPattern } from "@sbx/egress-policy";
import { identifyServer, type SecretKeeper } from "@sbx/secret-injector";
import type { McpStore } from "../mcp-parts.ts";

export interface GatewayPolicyParts {
  readonly store: Pick<McpStore, "catalogs" | "rules">;
  readonly secrets: Pick<SecretKeeper, "missing">;
  /** The servers that the person chose for whoever asks: what is enabled, a profile, or what stood on a command line. */
  readonly chosen: (caller: Caller) => readonly EnabledServer[];
}

/**
 * Who may use which server. What the person chose, with the person's own configuration, is allowed unless a rule denies
 * it. Of the rest rules decide; and a configuration that an agent made is asked about where it names a directory of the
 * host or a host to talk to, whatever the server. A server that reaches every host would be a way past all that its
 * sandbox is denied: without the person's word a sandbox does not get one, of whichever catalog it is.
 */
export function createGatewayPolicy({ store: { catalogs, rules }, secrets, chosen }: GatewayPolicyParts): ServerPolicy {
  const agreed = new Map<string, StartServer[]>();
  const judge = (request: StartServer): Verdict => {
    const { entry, caller } = request;
    const found = catalogs.find(entry.name);
    if (found === undefined || !isDeepStrictEqual(found.entry, entry)) return { effect: "deny", reason: `no catalog has this "${entry.name}" any more`, fix: "sbx mcp catalog ls" };
    const judgement = judgeServer(rules.rules(sandboxOf(caller)), entry, { catalog: found.catalog });
    if (judgement.effect === "deny") return { effect: "deny", reason: judgement.reason, fix: `sbx mcp server deny ${entry.name} --remove` };
    if (isChosen(request, chosen(caller)) || agreed.get(caller.scope)?.some((one) => isSame(one, request)) === true) return { effect: "allow" };
    return asked(request, judgement);
  };
  return {
    judge,
    agree(request) {
      if (request.caller.kind !== "host") return;
      agreed.set(request.caller.scope, [...(agreed.get(request.caller.scope) ?? []), request]);
    },
    async missingSecrets(entry) {
      const found = catalogs.find(entry.name);
      return found === undefined ? [] : await secrets.missing(identifyServer(entry, found.catalog), entry.secrets, { trusted: found.catalog === BUILT_IN_CATALOG });
    },
  };
}

/** What is asked about where no denial and no choice of the person settles it. */
function asked(request: StartServer, { effect, reason, rule }: ReturnType<typeof judgeServer>): Verdict {
  const { name } = request.entry;
  if (effect === "ask") return { effect, reason, fix: `sbx mcp server enable ${name}` };
  const opens = rule === undefined && request.caller.kind === "sandbox" ? opening(request) : undefined;
  if (opens !== undefined) return { effect: "ask", reason: opens, fix: `sbx mcp server allow ${name}` };
  const reaches = reaching(request);
  if (reaches === undefined) return { effect: "allow" };
  return { effect: "ask", reason: reaches, fix: rule === undefined ? `sbx mcp server enable ${name}` : `sbx mcp config set ${name}.KEY=VALUE` };
}

function sandboxOf(caller: Caller): Extract<Caller, { readonly kind: "sandbox" }>["sandbox"] | undefined {
  return caller.kind === "sandbox" ? caller.sandbox : undefined;
}

function isChosen({ entry, config }: StartServer, chosen: readonly EnabledServer[]): boolean {
  return chosen.some((server) => server.name === entry.name && isDeepStrictEqual(server.config, config));
}

function isSame(one: StartServer, other: StartServer): boolean {
  return isDeepStrictEqual(one.entry, other.entry) && isDeepStrictEqual(one.config, other.config);
}

/** That a server reaches every host; `undefined` when it does not. */
function opening({ entry, config }: StartServer): string | undefined {
  const destinations = destinationsOf({ entry, config });
  const open = destinations.some(({ to }) => parseDestinationPattern(to).host.kind === "every-name");
  return open ? `"${entry.name}" reaches every host, which its sandbox may not` : undefined;
}

function destinationsOf({ entry, config }: Pick<StartServer, "entry" | "config">): readonly PlannedDestination[] {
  try {
    const { network } = planServer(entry, config);
    return network.kind === "allow" ? network.destinations : [];
  } catch {
    // What cannot be planned starts nothing anyway.
    return [];
  }
}

/** What of the machine a configuration hands out; `undefined` when nothing. A configuration that cannot be planned starts nothing anyway. */
function reaching({ entry, config }: StartServer): string | undefined {
  try {
    const { source: planned, volumes, network } = planServer(entry, config);
    const directories = volumes.flatMap(({ source }) => (source.kind === "path" ? [source.path] : []));
    const hosts = network.kind === "allow" ? network.destinations.filter(({ fromConfig }) => fromConfig).map(({ to }) => to) : [];
    const addresses = planned.kind === "remote" && entry.source.kind === "remote" && planned.url !== URL.parse(entry.source.url)?.href ? [planned.url] : [];
    const named = [...directories, ...hosts, ...addresses];
    if (named.length === 0) return undefined;
    return `its configuration names ${named.map((one) => `"${one}"`).join(", ")} of this machine or network`;
  } catch {
    return undefined;
  }
}
