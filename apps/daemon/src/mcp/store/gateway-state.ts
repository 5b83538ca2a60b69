import { AppError, type EnabledServer, type SandboxId, type ServerProfile } from "@sbx/contracts";
import type { Caller, GatewayState } from "@sbx/mcp-gateway";
import type { EnabledFiles } from "./enabled-files.ts";
import { DEFAULT_PROFILE } from "./enabled-set.ts";
import type { ProfileFiles } from "./profile-files.ts";
import { changesBetween, withChanges } from "./scope-changes.ts";
import type { ScopeStore } from "./scope-store.ts";

/** From which servers a scope starts, in place of what is enabled. */
export type ScopeBase = () => readonly EnabledServer[];

export interface GatewayStateParts {
  readonly enabled: EnabledFiles;
  readonly profiles: ProfileFiles;
  readonly scopes: ScopeStore;
  /** What its person took over from the project in which a sandbox works. */
  readonly ofProject: (sandbox: SandboxId) => readonly EnabledServer[];
  /** Most profiles that one sandbox, or the agents on the host, may save. */
  readonly maxAgentProfiles?: number;
}

/** The gateway's memory, and what its composer tells it of scopes. */
export interface McpState extends GatewayState {
  /** What the person chose for whoever asks: what is enabled for all, and what was taken over from the sandbox's project. */
  chosen(caller: Caller): readonly EnabledServer[];
  /** Forget everything of a sandbox that was removed. */
  forgetSandbox(sandbox: SandboxId): void;
}

const MAX_AGENT_PROFILES = 100;

/**
 * What scopes have and which profiles there are. Reading looks at the files each time: an edit holds at once.
 *
 * An agent may save profiles of its own, and change those; what its person made, what is enabled, and what another
 * sandbox saved it cannot touch. A person's profile goes before one that an agent saved under the same id.
 */
export function createGatewayState({ enabled, profiles, scopes, ofProject, maxAgentProfiles = MAX_AGENT_PROFILES }: GatewayStateParts): McpState {
  const ofPerson = (id: string): ServerProfile | undefined => {
    if (id === DEFAULT_PROFILE) return { version: 1, id, name: "What is enabled", servers: [...enabled.servers()] };
    return profiles.has(id) ? profiles.set(id).profile() : undefined;
  };
  const chosen = (caller: Caller): readonly EnabledServer[] => {
    const all = enabled.servers();
    if (caller.kind === "host") return all;
    const names = new Set(all.map(({ name }) => name));
    return [...all, ...ofProject(caller.sandbox).filter(({ name }) => !names.has(name))];
  };
  const sandboxOf = (caller: Caller): SandboxId | undefined => (caller.kind === "sandbox" ? caller.sandbox : undefined);
  return {
    chosen,
    servers(caller) {
      const changes = scopes.find(caller.scope);
      return changes === undefined ? chosen(caller) : withChanges(chosen(caller), changes);
    },
    put(caller, servers) {
      scopes.put(caller.scope, changesBetween(chosen(caller), servers), sandboxOf(caller));
    },
    profile: (id, caller) => ofPerson(id) ?? scopes.profile(sandboxOf(caller) ?? "host", id),
    putProfile(profile, caller) {
      const { id } = profile;
      const owner = sandboxOf(caller) ?? "host";
      if (id === DEFAULT_PROFILE || profiles.has(id)) throw isThePersons(id);
      if (scopes.profile(owner, id) === undefined && scopes.profiles(owner) >= maxAgentProfiles) throw tooMany(maxAgentProfiles);
      scopes.putProfile(owner, profile);
    },
    forget(caller) {
      if (caller.kind === "host") scopes.forget(caller.scope);
    },
    forgetSandbox: (sandbox) => {
      scopes.forgetSandbox(sandbox);
    },
  };
}

function isThePersons(id: string): AppError {
  return new AppError("SERVER_DENIED", { message: `The profile "${id}" is its person's own, and an agent cannot change it`, fix: "Give the profile another name." });
}

function tooMany(most: number): AppError {
  return new AppError("SERVER_DENIED", { message: `There are ${most} saved profiles already`, fix: "Save over one of them." });
}
