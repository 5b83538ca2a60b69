import type { Rule } from "@sbx/contracts";
import { hostOf, toDestination } from "./destination.ts";
import { findConfig, type ReadCapability } from "./kit.ts";

export interface ProfileNetwork {
  readonly selected: readonly ReadCapability[];
  readonly telemetry: readonly string[];
}

/**
 * The rules of a profile's layer. A host at which the key of the model service would be put in is not opened: the agent
 * reaches its provider through the service alone, so that no other key can be used there.
 */
export function profileRules(name: string, { selected, telemetry }: ProfileNetwork): readonly Rule[] {
  const { allow = [], deny = [] } = findConfig(selected, "com.docker.sandbox/network-policy@1")?.runtime ?? {};
  const injected = findConfig(selected, "com.docker.sandbox/credential@1")?.apiKey?.inject ?? [];
  const served = new Set(injected.map(({ domain }) => hostOf(domain)));
  return [
    ...allow.filter((pattern) => !served.has(hostOf(pattern))).map(ruleMaker("allow", "allow", `the profile of ${name} needs it`)),
    ...deny.map(ruleMaker("deny", "deny", `the profile of ${name} keeps it shut`)),
    ...telemetry.map(ruleMaker("deny", "telemetry", `telemetry or updates of ${name}`)),
  ];
}

function ruleMaker(effect: Rule["effect"], kind: string, note: string): (pattern: string, index: number) => Rule {
  return (pattern, index) => {
    const result = toDestination(pattern);
    if ("why" in result) throw new Error(`"${pattern}" passed the check of the descriptor: ${result.why}`);
    return { id: `profile:${kind}:${index + 1}`, effect, to: result.destination, layer: "profile", note };
  };
}
