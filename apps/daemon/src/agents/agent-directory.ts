import { realpath } from "node:fs/promises";
import type { AgentView } from "@sbx/contracts";
import type { AgentProfile } from "@sbx/core";
import type { BrokenKit, FoundKit, KitStore } from "@sbx/kits";

/** The agents that a person can name, and what is shown of them. */
export interface AgentDirectory {
  /** Its directory is where the Kit really lies. */
  profile(agent: string): Promise<AgentProfile>;
  list(): Promise<AgentView[]>;
  show(agent: string): Promise<AgentView>;
}

/** `isBuilt` tells whether an agent's image is there already. */
export function createAgentDirectory({ kits, isBuilt }: { readonly kits: KitStore; readonly isBuilt: (profile: AgentProfile) => Promise<boolean> }): AgentDirectory {
  const view = async ({ profile, source }: FoundKit): Promise<AgentView> => ({
    name: profile.name,
    displayName: profile.displayName,
    description: profile.description,
    source,
    ...(profile.version === undefined ? {} : { version: profile.version }),
    ...(profile.service === undefined ? {} : { service: profile.service }),
    allow: [...profile.allow],
    interactive: [...profile.launch("interactive", [])],
    headless: [...profile.launch("headless", [])],
    skipped: [...profile.skipped],
    built: await isBuilt(profile).catch(() => false),
  });
  return {
    profile: async (agent) => {
      const { profile } = await kits.load(agent);
      return { ...profile, directory: await realpath(profile.directory) };
    },
    async list() {
      const { kits: found, broken } = await kits.list();
      return [...(await Promise.all(found.map(view))), ...broken.map(brokenView)];
    },
    show: async (agent) => view(await kits.load(agent)),
  };
}

function brokenView({ name, source, problem }: BrokenKit): AgentView {
  return { name, displayName: name, description: "", source, allow: [], interactive: [], headless: [], skipped: [], built: false, problem: problem.message };
}
