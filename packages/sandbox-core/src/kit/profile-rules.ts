import type { Rule } from "@sbx/contracts";
import { hostOf, toDestination } from "./destination.ts";
import { findConfig, type ReadCapability } from "./kit.ts";
import type { BoundedEntry } from "./network-configs.ts";

export interface ProfileNetwork {
  readonly selected: readonly ReadCapability[];
  readonly telemetry: readonly string[];
}

/**
 * The rules of a profile's layer. A host at which the key of the model service would be put in is not opened: the agent
 * reaches its provider through the service alone, so that no other key can be used there.
 */
export function profileRules(name: string, { selected, telemetry }: ProfileNetwork): readonly Rule[] {
  const { allow, deny } = hostsOf(selected, "runtime");
  return [
    ...allow.map(ruleMaker("allow", "allow", `the profile of ${name} needs it`)),
    ...deny.map(ruleMaker("deny", "deny", `the profile of ${name} keeps it shut`)),
    ...telemetry.map(ruleMaker("deny", "telemetry", `telemetry or updates of ${name}`)),
  ];
}

/** The rules under which the install hooks of a profile's Kits reach the network; none where no Kit states a network for them. */
export function installRules(name: string, selected: readonly ReadCapability[]): readonly Rule[] {
  const { allow, deny } = hostsOf(selected, "install");
  return [
    ...allow.map(ruleMaker("allow", "install", `the install hooks of ${name} need it`)),
    ...deny.map(ruleMaker("deny", "install-deny", `the profile of ${name} keeps it shut while it is installed`)),
  ];
}

function hostsOf(selected: readonly ReadCapability[], phase: "install" | "runtime"): { readonly allow: readonly string[]; readonly deny: readonly string[] } {
  const policy = findConfig(selected, "com.docker.sandbox/network-policy@1") ?? findConfig(selected, "com.docker.sandbox/network-policy@2");
  const injected = findConfig(selected, "com.docker.sandbox/credential@1")?.apiKey?.inject ?? [];
  const served = new Set(injected.map(({ domain }) => hostOf(domain)));
  return { allow: wholeHosts(policy?.[phase]?.allow ?? []).filter((pattern) => !served.has(hostOf(pattern))), deny: wholeHosts(policy?.[phase]?.deny ?? []) };
}

/** Of single requests there are none here: a Kit that needs them was not selected. */
function wholeHosts(entries: readonly (string | BoundedEntry)[]): readonly string[] {
  return entries.flatMap((entry) => (typeof entry === "string" ? [entry] : entry.hosts));
}

function ruleMaker(effect: Rule["effect"], kind: string, note: string): (pattern: string, index: number) => Rule {
  return (pattern, index) => {
    const result = toDestination(pattern);
    if ("why" in result) throw new Error(`"${pattern}" passed the check of the descriptor: ${result.why}`);
    return { id: `profile:${kind}:${index + 1}`, effect, to: result.destination, layer: "profile", note };
  };
}
