import type { DatabaseSync } from "node:sqlite";
import { ServerProfile, type SandboxId } from "@sbx/contracts";
import { ScopeChanges } from "./scope-changes.ts";

/** Whose profile one is that no person made: a sandbox's, or that of an agent on the host. */
export type ProfileOwner = SandboxId | "host";

/** What scopes changed, and the profiles that agents saved; in the daemon's database. */
export interface ScopeStore {
  /** `undefined` for a scope that changed nothing, and for one whose record cannot be read. */
  find(scope: string): ScopeChanges | undefined;
  /** Kept over restarts for a sandbox only: a client on the host has a new scope each time. */
  put(scope: string, changes: ScopeChanges, sandbox: SandboxId | undefined): void;
  forget(scope: string): void;
  /** Forget every scope of a sandbox. */
  forgetSandbox(sandbox: SandboxId): void;
  profile(owner: ProfileOwner, id: string): ServerProfile | undefined;
  putProfile(owner: ProfileOwner, profile: ServerProfile): void;
  /** How many profiles it saved. */
  profiles(owner: ProfileOwner): number;
}

/** Opens the tables. Scopes of clients on the host are from an earlier life of the daemon, and are dropped. */
export function createScopeStore(database: DatabaseSync, onUnreadable: (error: unknown) => void): ScopeStore {
  database.exec("DELETE FROM server_scopes WHERE sandbox IS NULL");
  const find = database.prepare("SELECT changes FROM server_scopes WHERE scope = ?");
  const put = database.prepare("INSERT INTO server_scopes (scope, sandbox, changes) VALUES (?, ?, ?) ON CONFLICT (scope) DO UPDATE SET sandbox = excluded.sandbox, changes = excluded.changes");
  const drop = database.prepare("DELETE FROM server_scopes WHERE scope = ?");
  const dropSandbox = database.prepare("DELETE FROM server_scopes WHERE sandbox = ?");
  const findProfile = database.prepare("SELECT profile FROM agent_profiles WHERE owner = ? AND id = ?");
  const putProfile = database.prepare("INSERT INTO agent_profiles (owner, id, profile) VALUES (?, ?, ?) ON CONFLICT (owner, id) DO UPDATE SET profile = excluded.profile");
  const countProfiles = database.prepare("SELECT count(*) AS count FROM agent_profiles WHERE owner = ?");
  const dropProfiles = database.prepare("DELETE FROM agent_profiles WHERE owner = ?");
  const readable = <T>(row: Record<string, unknown> | undefined, column: string, schema: { parse(value: unknown): T }): T | undefined => {
    if (row === undefined) return undefined;
    try {
      return schema.parse(JSON.parse(String(row[column])));
    } catch (error) {
      onUnreadable(error);
      return undefined;
    }
  };
  return {
    find: (scope) => readable(find.get(scope), "changes", ScopeChanges),
    put: (scope, changes, sandbox) => void put.run(scope, sandbox ?? null, JSON.stringify(changes)),
    forget: (scope) => void drop.run(scope),
    forgetSandbox(sandbox) {
      dropSandbox.run(sandbox);
      dropProfiles.run(sandbox);
    },
    profile: (owner, id) => readable(findProfile.get(owner, id), "profile", ServerProfile),
    putProfile: (owner, profile) => void putProfile.run(owner, profile.id, JSON.stringify(profile)),
    profiles: (owner) => Number(countProfiles.get(owner)?.["count"] ?? 0),
  };
}
