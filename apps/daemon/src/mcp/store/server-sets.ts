import type { EnabledFiles } from "./enabled-files.ts";
import { createEnabledSet, DEFAULT_PROFILE } from "./enabled-set.ts";
import type { ProfileFiles } from "./profile-files.ts";
import type { ServerSet } from "./server-set.ts";

/** Every set of servers that a person can name: what is enabled, under `default`, and profiles. */
export interface ServerSets {
  ids(): readonly string[];
  /** @throws AppError `PROFILE_UNKNOWN` */
  get(id: string): ServerSet;
}

/** Put the two kinds of sets under one roof. */
export function createServerSets({ enabled, profiles }: { readonly enabled: EnabledFiles; readonly profiles: ProfileFiles }): ServerSets {
  const enabledSet = createEnabledSet(enabled);
  return {
    ids: () => [DEFAULT_PROFILE, ...profiles.ids()],
    get: (id) => (id === DEFAULT_PROFILE ? enabledSet : profiles.set(id)),
  };
}
