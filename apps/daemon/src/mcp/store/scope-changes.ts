import { isDeepStrictEqual } from "node:util";
import { EnabledServer } from "@sbx/contracts";
import * as z from "zod";

/**
 * How the servers of a scope differ from what its person enabled for all. Differences are kept, not the whole, so that
 * a server that the person disables is gone from every scope at once.
 */
export const ScopeChanges = z.strictObject({
  /** What the scope added. */
  added: z.array(EnabledServer),
  /** What is enabled for all and configured otherwise in the scope. */
  changed: z.array(EnabledServer),
  /** What is enabled for all and removed by the scope. */
  removed: z.array(z.string()),
});
export type ScopeChanges = z.infer<typeof ScopeChanges>;

/** What makes `wanted` out of `base`. */
export function changesBetween(base: readonly EnabledServer[], wanted: readonly EnabledServer[]): ScopeChanges {
  const before = new Map(base.map((server) => [server.name, server]));
  const names = new Set(wanted.map(({ name }) => name));
  return {
    added: wanted.filter(({ name }) => !before.has(name)),
    changed: wanted.filter((server) => before.has(server.name) && !isDeepStrictEqual(before.get(server.name), server)),
    removed: base.map(({ name }) => name).filter((name) => !names.has(name)),
  };
}

/** What a scope has now, in the order of the base and then of adding. */
export function withChanges(base: readonly EnabledServer[], { added, changed, removed }: ScopeChanges): readonly EnabledServer[] {
  const own = new Map(changed.map((server) => [server.name, server]));
  const kept = base.filter(({ name }) => !removed.includes(name)).map((server) => own.get(server.name) ?? server);
  const there = new Set(kept.map(({ name }) => name));
  return [...kept, ...added.filter(({ name }) => !there.has(name))];
}
