import { AppError, Rule } from "@sbx/contracts";
import { compilePolicy } from "@sbx/egress-policy";
import type { ConfigOf } from "./capability-configs.ts";
import { toDestination } from "./destination.ts";
import type { BoundedEntry } from "./network-configs.ts";

/** A host of a network policy, and the requests to it that are meant, where not all. */
export interface PolicyEntry extends Pick<Rule, "methods" | "paths"> {
  readonly pattern: string;
}

/** The hosts of a list, each with its own bounds; of those that are named as a whole elsewhere in it, the bounds say nothing more. */
export function policyEntries(list: readonly (string | BoundedEntry)[]): readonly PolicyEntry[] {
  return list.flatMap((entry) => (typeof entry === "string" ? [{ pattern: entry }] : entry.hosts.map((pattern) => ({ pattern, ...boundsOf(entry) }))));
}

/** The same without bounds for hosts that are open as a whole. */
export function allowEntries(list: readonly (string | BoundedEntry)[]): readonly PolicyEntry[] {
  const entries = policyEntries(list);
  const open = new Set(entries.filter((entry) => !isBounded(entry)).map(({ pattern }) => pattern.toLowerCase()));
  return entries.filter((entry) => !isBounded(entry) || !open.has(entry.pattern.toLowerCase()));
}

export function isBounded({ methods, paths }: Pick<Rule, "methods" | "paths">): boolean {
  return methods !== undefined || paths !== undefined;
}

/** A rule for one entry. @throws Error for a pattern that was not checked with its descriptor */
export function ruleOf({ pattern, ...bounds }: PolicyEntry, rule: Pick<Rule, "id" | "effect" | "note">): Rule {
  const result = toDestination(pattern);
  if ("why" in result) throw new Error(`"${pattern}" passed the check of the descriptor: ${result.why}`);
  return { ...rule, to: result.destination, layer: "profile", ...bounds };
}

/** Why single requests cannot be told apart as a network policy wants it. */
export function whyNoRequests({ install, runtime }: ConfigOf<"com.docker.sandbox/network-policy@2">): string | undefined {
  const bounded = policyEntries([install, runtime].flatMap((phase) => [...(phase?.allow ?? []), ...(phase?.deny ?? [])])).filter(isBounded);
  return bounded.map(whyNoRule).find((why) => why !== undefined);
}

function whyNoRule(entry: PolicyEntry): string | undefined {
  const rule = Rule.safeParse(ruleOf(entry, { id: "profile", effect: "deny" }));
  if (!rule.success) return `a rule cannot hold these methods and paths of ${entry.pattern}: ${rule.error.issues[0]?.message ?? "they are none"}`;
  try {
    compilePolicy([rule.data]);
    return undefined;
  } catch (error) {
    if (AppError.is(error)) return error.message;
    throw error;
  }
}

function boundsOf({ methods, paths }: BoundedEntry): Pick<Rule, "methods" | "paths"> {
  return { ...(methods === undefined ? {} : { methods: [...methods] }), ...(paths === undefined ? {} : { paths: [...paths] }) };
}
