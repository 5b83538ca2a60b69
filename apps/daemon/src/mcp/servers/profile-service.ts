import { readProfile } from "@sbx/catalog";
import { AppError, ServerName, type ConfigChange, type ConfigOfServers, type EnabledServer, type ProfileView } from "@sbx/contracts";
import { DEFAULT_PROFILE } from "../store/enabled-set.ts";
import type { ProfileFiles } from "../store/profile-files.ts";
import type { Member } from "../store/server-set.ts";
import type { ServerSets } from "../store/server-sets.ts";
import type { CatalogFiles } from "../catalogs/catalog-files.ts";
import { catalogText } from "../catalogs/catalog-text.ts";
import type { CatalogService } from "../catalogs/catalog-service.ts";
import * as z from "zod";

export interface ProfileServiceParts {
  readonly sets: ServerSets;
  readonly profiles: ProfileFiles;
  readonly catalogs: CatalogFiles;
  readonly adopt: CatalogService["adopt"];
  readonly member: (name: string) => Member;
  readonly memberOf: (server: EnabledServer) => Member;
}

const JsonObject = z.record(z.string(), z.json());

/** What a person does with profiles, and with the configuration in any set of servers. */
export class ProfileService {
  readonly #parts: ProfileServiceParts;

  constructor(parts: ProfileServiceParts) {
    this.#parts = parts;
  }

  list(): ProfileView[] {
    return this.#parts.sets.ids().map((id) => this.show(id));
  }

  show(id: string): ProfileView {
    const profile = this.#parts.sets.get(id).profile();
    const document = { version: 1, id, name: profile.name, servers: profile.servers.map((server) => this.#parts.memberOf(server).written), secrets: { default: { provider: "docker-desktop-store" } } };
    // Through JSON, so that what cannot be sent is not there.
    return { profile, document: JsonObject.parse(JSON.parse(JSON.stringify(document))) };
  }

  /** @throws AppError `NAME_TAKEN`, and what finding the servers throws */
  async create({ name, id, servers }: { readonly name: string; readonly id?: string | undefined; readonly servers: readonly string[] }, signal: AbortSignal): Promise<ProfileView> {
    const { profiles, adopt, member } = this.#parts;
    const chosen = id ?? idOf(name);
    if (chosen === DEFAULT_PROFILE || profiles.has(chosen)) throw taken(chosen);
    const { names } = servers.length === 0 ? { names: [] } : await adopt(servers, signal);
    profiles.write({ id: chosen, name }, names.map(member));
    return this.show(chosen);
  }

  remove(id: string): void {
    const { profiles, sets } = this.#parts;
    if (id === DEFAULT_PROFILE) throw new AppError("CONFIG_INVALID", { message: '"default" is what is enabled, and is always there', fix: "Disable all servers with: sbx mcp server reset" });
    if (!profiles.has(id)) sets.get(id);
    profiles.remove(id);
  }

  /** Keep a profile from a file. What it says of servers that no catalog has becomes a catalog of its own. */
  import(text: string, force: boolean): ProfileView & { readonly notes: string[] } {
    const { profiles, memberOf, catalogs } = this.#parts;
    const { profile, servers, warnings } = readProfile(text, { file: "the profile" });
    if (profile.id === DEFAULT_PROFILE) throw taken(profile.id);
    if (profiles.has(profile.id) && !force) throw taken(profile.id);
    const notes = warnings.map(({ line, message }) => `line ${line}: ${message}`);
    const unknown = servers.filter(({ name }) => catalogs.find(name) === undefined);
    if (unknown.length > 0) {
      const catalog = `profile-${profile.id}`;
      catalogs.put(catalog, catalogText({ title: profile.name, servers: unknown }), { displayName: profile.name, url: `profile:${profile.id}` });
      notes.push(`the catalog "${catalog}" was made for servers that no other one has: ${unknown.map(({ name }) => name).join(", ")}`);
    }
    profiles.write(profile, profile.servers.map(memberOf));
    return { ...this.show(profile.id), notes };
  }

  config(id: string): ConfigOfServers {
    return Object.fromEntries(
      this.#parts.sets
        .get(id)
        .profile()
        .servers.map(({ name, config }) => [name, config]),
    );
  }

  /** @throws AppError `SERVER_UNKNOWN` for a server that is not in the set */
  editConfig(id: string, changes: readonly ConfigChange[]): ConfigOfServers {
    const set = this.#parts.sets.get(id);
    const there = new Set(set.profile().servers.map(({ name }) => name));
    const missing = changes.find(({ server }) => !there.has(server));
    if (missing !== undefined)
      throw new AppError("SERVER_UNKNOWN", {
        message: `"${missing.server}" is not in the profile "${id}"`,
        fix: id === DEFAULT_PROFILE ? `Enable it first: sbx mcp server enable ${missing.server}` : `Add it first: sbx mcp profile server add ${id} --server ${missing.server}`,
      });
    set.changeConfig(changes);
    return this.config(id);
  }
}

function taken(id: string): AppError {
  return new AppError("NAME_TAKEN", { message: `There is a profile "${id}" already`, fix: "Choose another with --id, or remove that one: sbx mcp profile rm ID" });
}

/** "My Work!" is `my-work`. */
function idOf(name: string): string {
  const id = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  if (ServerName.safeParse(id).success) return id;
  throw new AppError("USAGE", { message: `"${name}" gives no id for a profile`, fix: "Choose one with --id." });
}
