import type { Rule, RuleLayer } from "@sbx/contracts";
import type { SandboxRecord } from "@sbx/core";
import { HOST_GATEWAY, parseDestinationPattern } from "@sbx/egress-policy";

/** A server whose connections are decided. */
export interface ServerPolicyOf {
  readonly server: string;
  /** What its catalog entry, or its installation, asks for. */
  readonly rules: readonly Rule[];
  readonly purpose: "run" | "install";
  /** The sandbox that it works for. @throws AppError when that is gone */
  readonly owner: (() => SandboxRecord) | undefined;
}

/** Layers whose denials are about everything that works for a sandbox. A profile's are about its agent alone. */
const SHARED_LAYERS: ReadonlySet<RuleLayer> = new Set(["organisation", "user", "project", "sandbox"]);

/**
 * The rules that decide for a server: what the person and its sandbox deny, and what is its own.
 *
 * What others are allowed, a server is not: each is let to the hosts of its own entry, and to those that its person
 * allowed it by name. An entry is somebody else's text: it opens names of the internet, and neither this machine nor
 * addresses, which may be ones of its network. Those only the person opens.
 */
export function serverRules({ shared, own, rules, purpose }: Pick<ServerPolicyOf, "rules" | "purpose"> & { readonly shared: readonly Rule[]; readonly own: readonly Rule[] }): readonly Rule[] {
  return [...shared.filter(({ effect, layer }) => effect === "deny" && SHARED_LAYERS.has(layer)), ...own, ...(purpose === "run" ? rules.filter(isOfNames) : rules)];
}

function isOfNames({ effect, to }: Rule): boolean {
  if (effect === "deny") return true;
  const { host } = parseDestinationPattern(to);
  return host.kind !== "network" && !(host.kind === "exact" && host.name === HOST_GATEWAY);
}
