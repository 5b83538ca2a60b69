import type { Selection } from "@sbx/contracts";
import { CAPABILITIES } from "./capability-configs.ts";
import { declarationKeys } from "./declaration-keys.ts";
import type { ReadCapability } from "./kit.ts";
import type { KitMember } from "./kit-member.ts";
import { MERGES } from "./merge-configs.ts";

/** What was taken of one Kit. */
export interface KitSelection {
  readonly member: KitMember;
  readonly selected: readonly ReadCapability[];
  /** One line for each declaration that is left out. */
  readonly skipped: readonly string[];
  /** What was refused for want of its person's commands alone. */
  readonly refused: readonly string[];
  readonly commands: readonly string[];
  /** What was decided of each declaration. */
  readonly record: Selection;
}

interface Merged {
  readonly capability: ReadCapability;
  /** Where the first of it stands. */
  readonly from: Place;
}

interface Place {
  readonly kit: string;
  readonly path: string;
}

/**
 * Bring together what several Kits declare, in the order given. How often each type may stand is judged here again: what
 * cannot be merged is a problem that names both Kits.
 */
export function mergeCapabilities(selections: readonly KitSelection[]): { readonly merged: readonly ReadCapability[]; readonly problems: readonly string[] } {
  const merged: Merged[] = [];
  const places = new Map<string, number>();
  const problems: string[] = [];
  for (const { member, selected } of selections) {
    for (const capability of selected.flatMap(perPhase)) {
      const declared = declarationKeys(capability);
      const keys = declared.length === 0 ? [capability.type] : declared;
      const place = keys.map((key) => places.get(key)).find((at) => at !== undefined) ?? merged.length;
      const there = merged[place];
      const together = there === undefined ? capability : merge(there.capability, capability);
      const from = { kit: member.name, path: capability.path };
      if (together === undefined) problems.push(`${disagreeing(there?.from ?? from, from)} do not agree on ${keys.join(", ")}`);
      else merged[place] = { capability: together, from: there?.from ?? from };
      for (const key of keys) places.set(key, place);
    }
  }
  return { merged: merged.map(({ capability }) => capability), problems };
}

/** Which two do not agree: Kits, or two places of one. */
function disagreeing(one: Place, other: Place): string {
  if (one.kit !== other.kit) return `"${one.kit}" (${one.path}) and "${other.kit}" (${other.path})`;
  return `${one.path} and ${other.path} of "${one.kit}"`;
}

/** Access that is granted for two phases is two grants: each may meet another Kit's. */
function perPhase(capability: ReadCapability): readonly ReadCapability[] {
  if (capability.type !== "com.docker.sandbox/ssh-agent@1") return [capability];
  return [capability.config.phase].flat().map((phase) => ({ ...capability, config: { ...capability.config, phase } }));
}

function merge(one: ReadCapability, other: ReadCapability): ReadCapability | undefined {
  const [left, right] = one.type === other.type ? [one, other] : [asRequests(one), asRequests(other)];
  if (left.type !== right.type) return undefined;
  // The compiler cannot follow that configurations and row belong to the same type.
  const together = MERGES[left.type] as (one: unknown, other: unknown) => unknown;
  const config = together(left.config, right.config);
  // Types without a configuration always come together.
  if (config === undefined && CAPABILITIES[left.type].config !== undefined) return undefined;
  const name = left.name ?? right.name;
  return { ...left, config, ...(name === undefined ? {} : { name }) } as ReadCapability;
}

/** The older network policy in the words of the newer one. */
function asRequests(capability: ReadCapability): ReadCapability {
  return capability.type === "com.docker.sandbox/network-policy@1" ? { ...capability, type: "com.docker.sandbox/network-policy@2" } : capability;
}
