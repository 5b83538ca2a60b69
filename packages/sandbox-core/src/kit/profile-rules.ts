import type { Rule } from "@sbx/contracts";
import { hostOf } from "./destination.ts";
import { findConfig, isCapability, type ReadCapability } from "./kit.ts";
import { allowEntries, policyEntries, ruleOf, type PolicyEntry } from "./request-rules.ts";

export interface ProfileNetwork {
  readonly selected: readonly ReadCapability[];
  /** The model service of the agent. */
  readonly service: string | undefined;
  readonly telemetry: readonly string[];
}

/**
 * The rules of a profile's layer. A host at which the key of the model service would be put in is not opened: the agent
 * reaches its provider through the service alone, so that no other key can be used there.
 */
export function profileRules(name: string, { telemetry, ...kits }: ProfileNetwork): readonly Rule[] {
  const { allow, deny } = entriesOf(kits, "runtime");
  return [
    ...allow.map(ruleMaker("allow", "allow", `the profile of ${name} needs it`)),
    ...deny.map(ruleMaker("deny", "deny", `the profile of ${name} keeps it shut`)),
    ...telemetry.map((pattern) => ({ pattern })).map(ruleMaker("deny", "telemetry", `telemetry or updates of ${name}`)),
  ];
}

/** The rules under which the install hooks of a profile's Kits reach the network; none where no Kit states a network for them. */
export function installRules(name: string, kits: Omit<ProfileNetwork, "telemetry">): readonly Rule[] {
  const { allow, deny } = entriesOf(kits, "install");
  return [
    ...allow.map(ruleMaker("allow", "install", `the install hooks of ${name} need it`)),
    ...deny.map(ruleMaker("deny", "install-deny", `the profile of ${name} keeps it shut while it is installed`)),
  ];
}

function entriesOf({ selected, service }: Omit<ProfileNetwork, "telemetry">, phase: "install" | "runtime"): { readonly allow: readonly PolicyEntry[]; readonly deny: readonly PolicyEntry[] } {
  const policy = findConfig(selected, "com.docker.sandbox/network-policy@1") ?? findConfig(selected, "com.docker.sandbox/network-policy@2");
  const model = selected.filter((one) => isCapability(one, "com.docker.sandbox/credential@1")).filter(({ config }) => config.service === service);
  const served = new Set(model.flatMap(({ config }) => config.apiKey?.inject ?? []).map(({ domain }) => hostOf(domain)));
  return { allow: allowEntries(policy?.[phase]?.allow ?? []).filter(({ pattern }) => !served.has(hostOf(pattern))), deny: policyEntries(policy?.[phase]?.deny ?? []) };
}

function ruleMaker(effect: Rule["effect"], kind: string, note: string): (entry: PolicyEntry, index: number) => Rule {
  return (entry, index) => ruleOf(entry, { id: `profile:${kind}:${index + 1}`, effect, note });
}
