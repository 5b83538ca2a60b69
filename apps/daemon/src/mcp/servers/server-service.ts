import { AppError, type RecordEvent, type SandboxId, type ServerConfig, type ServerDetail, type ServerEffect, type ServerEntry, type ServerView } from "@sbx/contracts";
import type { CatalogFiles, FoundEntry } from "../catalogs/catalog-files.ts";
import type { CatalogService } from "../catalogs/catalog-service.ts";
import type { Member } from "../store/server-set.ts";
import type { ServerRules } from "../store/server-rules.ts";
import type { ServerSets } from "../store/server-sets.ts";
import { configReadiness, secretReadiness } from "./readiness.ts";
import type { ServerFacts } from "./server-facts.ts";

export interface ServerServiceParts {
  readonly catalogs: CatalogFiles;
  readonly adopt: CatalogService["adopt"];
  readonly sets: ServerSets;
  readonly facts: ServerFacts;
  readonly rules: ServerRules;
  readonly member: (name: string) => Member;
  readonly record: RecordEvent;
}

/** What a person does with servers: enable, disable, look, allow. */
export class ServerService {
  readonly #parts: ServerServiceParts;

  constructor(parts: ServerServiceParts) {
    this.#parts = parts;
  }

  async list(profile: string): Promise<ServerView[]> {
    const { sets, catalogs } = this.#parts;
    const all = catalogs.all();
    return await Promise.all(
      sets
        .get(profile)
        .profile()
        .servers.map(async ({ name, config }): Promise<ServerView> => {
          const found = all.get(name);
          if (found === undefined) return { name, description: "no catalog has it any more", secrets: "none", config: "none", oauth: "none" };
          return await this.#view(found, config);
        }),
    );
  }

  async #view({ entry, catalog }: FoundEntry, config: ServerDetail["entry"]["config"][number]): Promise<ServerView> {
    const { facts } = this.#parts;
    const missing = await facts.missingSecrets(entry, catalog);
    const denied = facts.denied(entry, catalog);
    return {
      name: entry.name,
      ...(entry.title === undefined ? {} : { title: entry.title }),
      description: entry.description ?? "",
      catalog,
      secrets: secretReadiness(entry, missing.length),
      config: configReadiness(entry, config, facts.configFaults(entry, config)),
      oauth: entry.oauth === undefined ? "none" : missing.length === 0 ? "done" : "required",
      ...(denied === undefined ? {} : { denied }),
    };
  }

  search(query: string): ServerEntry[] {
    return [...this.#parts.facts.search(query)];
  }

  /** @throws AppError `SERVER_UNKNOWN` */
  async inspect(name: string, profile: string): Promise<ServerDetail> {
    const { sets, facts } = this.#parts;
    const { entry, catalog } = this.#find(name);
    const enabled = sets
      .get(profile)
      .profile()
      .servers.find((server) => server.name === name);
    return { entry, catalog, ...(enabled === undefined ? {} : { enabled }), missingSecrets: [...(await facts.missingSecrets(entry, catalog))] };
  }

  /** Put servers into a set; what they still need is said. @throws AppError `SERVER_UNKNOWN`, `SERVER_DENIED`, `NAME_TAKEN` */
  async enable(profile: string, uris: readonly string[], signal: AbortSignal): Promise<{ enabled: string[]; notes: string[] }> {
    const { sets, facts, member, record } = this.#parts;
    const set = sets.get(profile);
    const { names, notes } = await this.#parts.adopt(uris, signal);
    for (const name of names) this.#refuseDenied(name);
    set.enable(names.map(member));
    for (const server of names) record({ type: "server.added", fields: { server, profile, by: "person" } });
    const configs = new Map(set.profile().servers.map(({ name, config }) => [name, config]));
    const missing = await Promise.all(
      names.map(async (name) => {
        const { entry, catalog } = this.#find(name);
        if (entry.secrets.length > 0) await facts.adoptSecrets(entry, catalog);
        return await this.lacks(name, configs.get(name) ?? {}, profile);
      }),
    );
    return { enabled: [...names], notes: [...notes, ...missing.flat()] };
  }

  /** What a server still needs before it can start, each with the command that mends it. */
  async lacks(name: string, config: ServerConfig, profile = "default"): Promise<string[]> {
    const { facts } = this.#parts;
    const { entry, catalog } = this.#find(name);
    const secrets = (await facts.missingSecrets(entry, catalog)).map(({ name: secret, fix }) => `"${name}" needs the secret "${secret}": ${fix}`);
    const set = profile === "default" ? "sbx mcp config set" : `sbx mcp profile config ${profile} --set`;
    const settings = facts.configFaults(entry, config).map(({ key, message }) => {
      const [, missing] = /required property "([^"]+)"/.exec(message) ?? [];
      const whole = [name, ...(key === "" ? [] : [key]), ...(missing === undefined ? [] : [missing])].join(".");
      return `"${name}" needs the setting "${whole}"${missing === undefined ? `: ${message}` : ""}: ${set} ${whole}=VALUE`;
    });
    return [...secrets, ...settings];
  }

  disable(profile: string, names: readonly string[] | "all"): string[] {
    const { sets, record } = this.#parts;
    const set = sets.get(profile);
    const there = set.profile().servers.map(({ name }) => name);
    const missing = names === "all" ? undefined : names.find((name) => !there.includes(name));
    if (missing !== undefined)
      throw new AppError("SERVER_UNKNOWN", {
        message: `"${missing}" is not enabled${profile === "default" ? "" : ` in the profile "${profile}"`}`,
        fix: "List what is enabled with: sbx mcp server ls",
      });
    const gone = names === "all" ? there : [...names];
    set.disable(gone);
    for (const server of gone) record({ type: "server.removed", fields: { server, profile, by: "person" } });
    return gone;
  }

  /** Say what becomes of a server when an agent adds it. An allowance is for the catalog that has it now, and no other. */
  rule(name: string, { effect, sandbox, write }: { readonly effect: ServerEffect | "none"; readonly sandbox: SandboxId | undefined; readonly write?: boolean | undefined }): void {
    if (write === true && effect !== "allow") throw new AppError("USAGE", { message: "Only a server that is allowed may write", fix: `Run: sbx mcp server allow ${name} --write` });
    const { rules, record } = this.#parts;
    const inSandbox = sandbox === undefined ? {} : { sandbox };
    if (effect === "none") {
      if (!rules.remove(name, sandbox))
        throw new AppError("RULE_UNKNOWN", { message: `Nothing was said about "${name}"${sandbox === undefined ? "" : " in this sandbox"}`, fix: "See what was said with: sbx mcp server rules" });
    } else {
      const catalog = effect === "allow" ? { catalog: this.#find(name).catalog } : {};
      rules.put({ effect, name, ...catalog, ...inSandbox, ...(write === true ? { write } : {}) });
    }
    record({ type: "policy.changed", ...inSandbox, fields: { server: name, effect, ...(write === true ? { write } : {}), change: effect === "none" ? "removed" : "added" } });
  }

  #find(name: string): FoundEntry {
    const found = this.#parts.catalogs.find(name);
    if (found === undefined) throw new AppError("SERVER_UNKNOWN", { message: `No catalog has a server "${name}"`, fix: `Look for it with: sbx mcp server search ${name}` });
    return found;
  }

  #refuseDenied(name: string): void {
    const { entry, catalog } = this.#find(name);
    const reason = this.#parts.facts.denied(entry, catalog);
    if (reason !== undefined) throw new AppError("SERVER_DENIED", { message: `"${name}" may not be run here: ${reason}`, fix: "Ask whoever keeps the rules of this machine, or use another server." });
  }
}
