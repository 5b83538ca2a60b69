import type { SandboxParts } from "@sbx/core";
import type { DaemonConfig } from "../config.ts";
import { createSharedDirectories } from "./shared-directories.ts";
import { createSkillStore } from "./skill-store.ts";

/** What Kits are given of this machine: the person's skills, directories that their sandboxes share, and time for each hook. */
export function composeKitPlaces({ configDirectory, stateDirectory, hookLimitMs }: DaemonConfig): Pick<SandboxParts, "skills" | "shares" | "hookLimitMs"> {
  return { skills: createSkillStore(configDirectory), shares: createSharedDirectories(stateDirectory), hookLimitMs };
}
