import {
  AppError,
  SecretName,
  type HostBinding,
  type RecordEvent,
  type SecretBinding,
  type SecretSourceKind,
  type SecretUser,
  type SecretView,
  type ServerSecret,
  type VaultStatus,
} from "@sbx/contracts";
import { bindByCatalog, bindByPerson, fixFor, mayUse, modelServiceOf, unbind, withoutPersonal, type Adopt, type RefusedSecret } from "./bindings.ts";
import { bindHost, isBoundToHost, parseBoundHost, unbindHost } from "./host-bindings.ts";
import type { ModelService } from "./model-services.ts";
import type { SecretSource, SecretUses, SecretVault, VaultContent } from "./ports.ts";
import type { MissingSecret, SecretLookup } from "./resolve-environment.ts";
import { Secret } from "./secret.ts";
import type { ServerIdentity } from "./server-identity.ts";

/** Refusals remembered, so that each is told once. */
const MAX_TOLD = 10_000;

/** What a keeper of secrets is built from. */
export interface SecretKeeperParts {
  readonly vault: SecretVault;
  /** Asked in this order when the vault does not know a name. */
  readonly sources: readonly SecretSource[];
  readonly uses: SecretUses;
  readonly record: RecordEvent;
  /** ISO 8601, UTC. */
  readonly now: () => string;
  /** The server that the person means by a name; `undefined` when no catalog has it. */
  readonly identify: (server: string) => ServerIdentity | undefined;
}

/**
 * Keeps secrets and decides who gets which: a model provider's key goes to its model service, any other secret to the
 * servers and into requests to the hosts that it is bound to, and nothing to anybody else.
 *
 * Each value comes from the vault, else from the first source that knows the name.
 */
export class SecretKeeper {
  readonly #parts: SecretKeeperParts;
  readonly #listeners = new Set<(name: string) => void>();
  /** Refusals that were told already: a server asks at each of its starts. */
  readonly #told = new Set<string>();

  constructor(parts: SecretKeeperParts) {
    this.#parts = parts;
  }

  /** The key of a model provider. @throws AppError `VAULT_LOCKED`, `CONFIG_INVALID`, `CREDENTIAL_MISSING` */
  async modelKey(service: ModelService): Promise<Secret | undefined> {
    return await this.#use(service.secret);
  }

  /**
   * The login of a registry, by the name that the person's rule of images gives for it; it goes to that registry alone.
   *
   * @throws AppError `CONFIG_INVALID` for the key of a model provider, `VAULT_LOCKED`
   */
  async registryLogin(name: string): Promise<Secret | undefined> {
    const service = modelServiceOf(name);
    if (service !== undefined)
      throw new AppError("CONFIG_INVALID", {
        message: `"${name}" is the key of ${service.displayName}, which goes to no registry`,
        fix: "Keep the login under a name of its own: sbx secret set registry-login",
      });
    return await this.#use(SecretName.parse(name));
  }

  /**
   * A secret that is to be put into a request to a host; `undefined` when its person did not bind it to that host, or it has
   * no value. A model provider's key never.
   *
   * @param host what `parseHost` of `@sbx/egress-policy` gives, with `:PORT` where the port is not 443: `api.example.org`,
   * `api.example.org:8443`
   */
  async hostSecret(name: string, host: string): Promise<Secret | undefined> {
    const { hosts } = await this.#parts.vault.read();
    return isBoundToHost(hosts, name, host) ? await this.#use(name) : undefined;
  }

  /**
   * The hosts that the person bound a secret to, in the form of `HostBinding`; empty when there is none, or nothing knows a
   * value of the secret. No value is used.
   */
  async hostsOf(name: string): Promise<readonly string[]> {
    const content = await this.#parts.vault.read();
    return (await this.#known(content)).has(name) ? hostsBoundTo(name, content) : [];
  }

  /** Look secrets up for one server: what is not bound to it, it does not get. */
  lookup(server: ServerIdentity): SecretLookup {
    return async (name) => {
      const { bindings } = await this.#parts.vault.read();
      const bound = SecretName.safeParse(name).success && mayUse(bindings, name, server);
      if (!bound) {
        this.#refuse(server, { secret: name, reason: "it is not bound to this server", fix: fixFor(name, server.server) });
        return { fix: fixFor(name, server.server) };
      }
      return (await this.#use(name)) ?? { fix: `sbx secret set ${name}` };
    };
  }

  /**
   * The required secrets that a server would not get now; no value is used and nothing is bound. With `trusted` as if it
   * had been added from a catalog that binds its own names.
   */
  async missing(
    server: ServerIdentity,
    secrets: readonly Pick<ServerSecret, "name" | "env" | "required">[],
    { trusted = false }: { readonly trusted?: boolean } = {},
  ): Promise<readonly MissingSecret[]> {
    const there = (await this.#parts.vault.read()).bindings;
    const bindings = trusted ? [...there, ...bindByCatalog(there, { server, secrets, trusted, at: this.#parts.now() }).added] : there;
    const known = await this.#known();
    return secrets.flatMap(({ name, env, required }) => {
      if (!required) return [];
      if (!mayUse(bindings, name, server)) return [{ name, env, fix: fixFor(name, server.server) }];
      return known.has(name) ? [] : [{ name, env, fix: `sbx secret set ${name}` }];
    });
  }

  /** Every secret by name. @throws AppError `VAULT_LOCKED`, `CONFIG_INVALID` */
  async list(): Promise<readonly SecretView[]> {
    const content = await this.#parts.vault.read();
    const known = await this.#known(content);
    return [...known]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, source]) => {
        const setAt = source === "vault" ? content.secrets.get(name)?.setAt : undefined;
        const lastUsedAt = this.#parts.uses.lastUsed(name);
        return { name, source, boundTo: usersOf(name, content), ...(setAt === undefined ? {} : { setAt }), ...(lastUsedAt === undefined ? {} : { lastUsedAt }) };
      });
  }

  /** Put a value into the vault, in place of one that was there. */
  async set(name: string, value: Secret): Promise<void> {
    await this.#put(name, value);
    this.#changed(name, "set");
  }

  /** As {@link set} for a secret that the vault has. @throws AppError `SECRET_UNKNOWN` */
  async rotate(name: string, value: Secret): Promise<void> {
    await this.#put(name, value, ({ secrets }) => {
      if (!secrets.has(name)) throw unknown(name);
    });
    this.#changed(name, "rotated");
  }

  /** Forget a value, and to whom the person bound it. @throws AppError `SECRET_UNKNOWN` */
  async remove(name: string): Promise<void> {
    await this.#parts.vault.update(({ secrets, bindings, hosts }) => {
      if (!secrets.has(name)) throw unknown(name);
      return {
        secrets: new Map([...secrets].filter(([other]) => other !== name)),
        bindings: withoutPersonal(bindings, name),
        hosts: hosts.filter(({ secret }) => secret !== name),
      };
    });
    this.#changed(name, "removed");
  }

  /** Let a server use a secret, by the person's word. @throws AppError `SERVER_UNKNOWN`, `CONFIG_INVALID` */
  async bind(secret: string, server: string): Promise<SecretBinding> {
    const identity = this.#parts.identify(server);
    if (identity === undefined) throw new AppError("SERVER_UNKNOWN", { message: `No catalog has a server "${server}"`, fix: "Add the catalog that has it, or correct the name." });
    const at = this.#parts.now();
    const { binding } = bindByPerson([], { secret, server: identity, at });
    await this.#parts.vault.update((content) => ({ ...content, bindings: bindByPerson(content.bindings, { secret, server: identity, at }).bindings }));
    this.#bound([binding]);
    return binding;
  }

  /** Take a secret from a server, whoever bound it. @throws AppError `SECRET_MISSING` when it is not bound to it */
  async unbind(secret: string, server: string): Promise<void> {
    await this.#parts.vault.update((content) => {
      const bindings = unbind(content.bindings, secret, server);
      if (bindings === content.bindings) throw notBound(secret, server);
      return { ...content, bindings };
    });
    this.#changed(secret, "unbound");
  }

  /** Let a secret be put into requests to a host, by the person's word. @throws AppError `CONFIG_INVALID` */
  async bindToHost(secret: string, host: string): Promise<HostBinding> {
    const wish = { secret, host, at: this.#parts.now() };
    const { binding } = bindHost([], wish);
    await this.#parts.vault.update((content) => ({ ...content, hosts: bindHost(content.hosts, wish).hosts }));
    this.#parts.record({ type: "secret.bound", fields: { secret, host: binding.host, by: "person" } });
    return binding;
  }

  /** Take a secret from a host, from its next request on. @throws AppError `CONFIG_INVALID`, `SECRET_MISSING` when it is not bound to it */
  async unbindFromHost(secret: string, host: string): Promise<void> {
    const bound = parseBoundHost(host);
    await this.#parts.vault.update((content) => {
      const hosts = unbindHost(content.hosts, secret, bound);
      if (hosts === content.hosts) throw notBound(secret, bound);
      return { ...content, hosts };
    });
    this.#parts.record({ type: "secret.changed", fields: { secret, how: "unbound", host: bound } });
  }

  /** Bind what is an added server's own, and report what else its entry names. @returns what it was refused */
  async adopt(added: Omit<Adopt, "at">): Promise<readonly RefusedSecret[]> {
    const adopt = { ...added, at: this.#parts.now() };
    const planned = bindByCatalog((await this.#parts.vault.read()).bindings, adopt);
    if (planned.added.length > 0) {
      await this.#parts.vault.update((content) => ({ ...content, bindings: [...content.bindings, ...bindByCatalog(content.bindings, adopt).added] }));
      this.#bound(planned.added);
    }
    for (const refused of planned.refused) this.#refuse(added.server, refused);
    return planned.refused;
  }

  /** Call `listener` with the name whenever a secret was set, removed or taken from a server; returns the release. */
  onChanged(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** How the vault stands. */
  async status(): Promise<VaultStatus> {
    return await this.#parts.vault.status();
  }

  async #use(name: string): Promise<Secret | undefined> {
    const found = await this.#find(name);
    if (found !== undefined) this.#parts.uses.used(name);
    return found;
  }

  /** A vault that is locked may know the name: no other source speaks in its place. */
  async #find(name: string): Promise<Secret | undefined> {
    const kept = (await this.#parts.vault.read()).secrets.get(name)?.secret;
    if (kept !== undefined) return kept;
    for (const source of this.#parts.sources) {
      const found = await source.find(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #known(content?: VaultContent): Promise<ReadonlyMap<string, SecretSourceKind>> {
    const known = new Map<string, SecretSourceKind>();
    for (const name of (content ?? (await this.#parts.vault.read())).secrets.keys()) known.set(name, "vault");
    for (const source of this.#parts.sources) for (const [name, kind] of await source.names()) if (!known.has(name)) known.set(name, kind);
    return known;
  }

  async #put(name: string, secret: Secret, check: (content: VaultContent) => void = () => {}): Promise<void> {
    await this.#parts.vault.update((content) => {
      check(content);
      return { ...content, secrets: new Map(content.secrets).set(SecretName.parse(name), { secret, setAt: this.#parts.now() }) };
    });
  }

  #changed(name: string, how: "set" | "rotated" | "removed" | "unbound"): void {
    this.#told.clear();
    this.#parts.record({ type: "secret.changed", fields: { secret: name, how } });
    for (const listener of this.#listeners) listener(name);
  }

  #bound(bindings: readonly SecretBinding[]): void {
    this.#told.clear();
    for (const { secret, server, catalog, by } of bindings) this.#parts.record({ type: "secret.bound", fields: { secret, server, catalog, by } });
  }

  #refuse({ server, catalog, source }: ServerIdentity, { secret, reason, fix }: RefusedSecret): void {
    const key = JSON.stringify([server, catalog, source, secret]);
    if (this.#told.has(key)) return;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.add(key);
    this.#parts.record({ type: "secret.refused", fields: { secret, server, catalog, reason, fix } });
  }
}

function usersOf(name: string, content: VaultContent): SecretUser[] {
  const service = modelServiceOf(name);
  if (service !== undefined) return [{ kind: "model", service: service.service }];
  const servers = content.bindings.filter(({ secret }) => secret === name).map(({ server, catalog, by }): SecretUser => ({ kind: "server", server, catalog, by }));
  return [...servers, ...hostsBoundTo(name, content).map((host): SecretUser => ({ kind: "host", host }))];
}

function hostsBoundTo(name: string, { hosts }: VaultContent): readonly string[] {
  return modelServiceOf(name) === undefined ? hosts.filter(({ secret }) => secret === name).map(({ host }) => host) : [];
}

function notBound(secret: string, to: string): AppError {
  return new AppError("SECRET_MISSING", { message: `"${secret}" is not bound to "${to}"`, fix: "See what is bound with: sbx secret ls" });
}

function unknown(name: string): AppError {
  return new AppError("SECRET_UNKNOWN", { message: `The vault has no secret "${name}"`, fix: "List the secrets with: sbx secret ls" });
}
