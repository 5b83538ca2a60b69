import type { Destination, Rule, RuleLayer } from "@sbx/contracts";
import type { Host } from "./host.ts";
import { parseDestinationPattern, type DestinationMatcher, type PortRange } from "./pattern.ts";
import { parseIpv4, networkOf } from "./ipv4.ts";
import { compileRequests, type RequestMatcher } from "./request-rule.ts";
import { HOST_GATEWAY } from "./reserved.ts";

export interface CompiledRule {
  readonly rule: Rule;
  readonly matcher: DestinationMatcher;
  /** The requests that it is about; absent: whole connections. */
  readonly requests?: RequestMatcher;
}

/** Rules, parsed and ordered for decisions. Made by {@link compilePolicy}; never changed afterwards. */
export interface CompiledPolicy {
  /** In the order in which they are reported: outer layers first. */
  readonly rules: readonly Rule[];
  readonly exact: ReadonlyMap<string, readonly CompiledRule[]>;
  readonly suffix: ReadonlyMap<string, readonly CompiledRule[]>;
  readonly everyName: readonly CompiledRule[];
  readonly networks: readonly CompiledRule[];
  /** What else has to allow a destination: the narrower of the two decides. */
  readonly ceiling?: Ceiling;
}

/** A policy that narrows another one. */
export interface Ceiling {
  readonly policy: CompiledPolicy;
  /** What it is, for people: "the Docker policy of this sandbox". */
  readonly name: string;
}

/** The same policy, which allows from now on only what `ceiling` allows too. What it denies, it denies as before. */
export function narrowPolicy(policy: CompiledPolicy, ceiling: Ceiling): CompiledPolicy {
  return { ...policy, ceiling };
}

/** Outer layers first: what is reported when several rules decide alike. */
export const LAYER_RANK: Readonly<Record<RuleLayer, number>> = { organisation: 0, user: 1, project: 2, sandbox: 3, server: 4, profile: 5 };

/** Parse every rule. Rejects with `CONFIG_INVALID` at the first one that is none; nothing is skipped silently. */
export function compilePolicy(rules: readonly Rule[]): CompiledPolicy {
  const ordered = rules.toSorted((a, b) => LAYER_RANK[a.layer] - LAYER_RANK[b.layer]);
  const exact = new Map<string, CompiledRule[]>();
  const suffix = new Map<string, CompiledRule[]>();
  const everyName: CompiledRule[] = [];
  const networks: CompiledRule[] = [];
  for (const rule of ordered) {
    const matcher = parseDestinationPattern(rule.to);
    const requests = compileRequests(rule, matcher);
    const compiled = requests === undefined ? { rule, matcher } : { rule, matcher, requests };
    switch (matcher.host.kind) {
      case "exact":
        append(exact, matcher.host.name, compiled);
        break;
      case "one-label":
      case "any-depth":
        append(suffix, matcher.host.suffix, compiled);
        break;
      case "every-name":
        everyName.push(compiled);
        break;
      case "network":
        networks.push(compiled);
        break;
    }
  }
  return { rules: ordered, exact, suffix, everyName, networks };
}

function append(map: Map<string, CompiledRule[]>, key: string, rule: CompiledRule): void {
  const there = map.get(key);
  if (there === undefined) map.set(key, [rule]);
  else there.push(rule);
}

/**
 * The rules that are about this name, on whatever port. The name of the host's own loopback is opened by exact rules only:
 * a star never reaches it, but may close it.
 */
export function rulesForName(policy: CompiledPolicy, name: Host): readonly CompiledRule[] {
  const found: CompiledRule[] = [...(policy.exact.get(name) ?? [])];
  const labels = name.split(".");
  for (let depth = 1; depth < labels.length; depth += 1) {
    for (const rule of policy.suffix.get(labels.slice(depth).join(".")) ?? []) {
      if (rule.matcher.host.kind === "any-depth" || depth === 1) found.push(rule);
    }
  }
  found.push(...policy.everyName);
  if (name !== HOST_GATEWAY) return found;
  return found.filter(({ rule, matcher }) => rule.effect === "deny" || matcher.host.kind === "exact");
}

/** The rules that are about this IPv4 address, on whatever port. */
export function rulesForAddress(policy: CompiledPolicy, address: string): readonly CompiledRule[] {
  const value = parseIpv4(address);
  if (value === undefined) return [];
  return policy.networks.filter(({ matcher: { host } }) => host.kind === "network" && networkOf(value, host.prefix) === host.network);
}

export function coversPort({ from, to }: PortRange, port: Destination["port"]): boolean {
  return from <= port && port <= to;
}
