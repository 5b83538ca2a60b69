import type { Rule, RuleLayer } from "@sbx/contracts";
import type { SandboxRecord } from "@sbx/core";
import { HOST_GATEWAY, parseDestinationPattern } from "@sbx/egress-policy";

/** A server whose connections are decided. */
export interface ServerPolicyOf {
  readonly server: string;
  /** What its catalog entry, or its installation, asks for. */
  readonly rules: readonly Rule[];
  readonly purpose: "run" | "install";
  /** Whether it is no server, but the install hooks of its sandbox's Kits. */
  readonly hooks?: boolean | undefined;
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
 * addresses, which may be ones of its network. Those only the person opens; what is opened for a sandbox is open to its
 * install hooks too, whose names may lead there.
 */
export function serverRules({
  shared,
  own,
  rules,
  purpose,
  hooks = false,
}: Omit<ServerPolicyOf, "server" | "owner"> & { readonly shared: readonly Rule[]; readonly own: readonly Rule[] }): readonly Rule[] {
  const ofPerson = shared.filter(({ layer }) => SHARED_LAYERS.has(layer));
  const opened = hooks ? ofPerson.filter((rule) => rule.effect === "allow" && parseDestinationPattern(rule.to).host.kind === "network") : [];
  return [...ofPerson.filter(({ effect }) => effect === "deny"), ...opened, ...own, ...(purpose === "run" ? rules.filter(isOfNames) : rules)];
}

function isOfNames({ effect, to }: Rule): boolean {
  if (effect === "deny") return true;
  const { host } = parseDestinationPattern(to);
  return host.kind !== "network" && !(host.kind === "exact" && host.name === HOST_GATEWAY);
}
