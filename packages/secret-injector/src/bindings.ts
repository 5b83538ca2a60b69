import { AppError, SecretName, type SecretBinding, type ServerSecret } from "@sbx/contracts";
import { MODEL_SERVICES, type ModelService } from "./model-services.ts";
import { isSameServer, type ServerIdentity } from "./server-identity.ts";

/** The binding that lets a server use a secret; `undefined` when it may not. A model provider's key is no server's. */
export function bindingFor(bindings: readonly SecretBinding[], secret: string, server: ServerIdentity): SecretBinding | undefined {
  if (modelServiceOf(secret) !== undefined) return undefined;
  return bindings.find((binding) => binding.secret === secret && isSameServer(binding, server));
}

/** Whether a server may use a secret: default is that it may not. */
export function mayUse(bindings: readonly SecretBinding[], secret: string, server: ServerIdentity): boolean {
  return bindingFor(bindings, secret, server) !== undefined;
}

/** The model service whose key is kept under this name. */
export function modelServiceOf(secret: string): ModelService | undefined {
  return Object.values<ModelService>(MODEL_SERVICES).find((service) => service.secret === secret);
}

/** Who binds what to whom, and when. */
export interface Bind {
  readonly secret: string;
  readonly server: ServerIdentity;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/**
 * Bind a secret by the person's own word. What was bound to a server of this name from elsewhere is replaced; bindings to
 * other servers stay.
 *
 * @throws AppError `CONFIG_INVALID` for the key of a model provider
 */
export function bindByPerson(bindings: readonly SecretBinding[], { secret, server, at }: Bind): { readonly bindings: readonly SecretBinding[]; readonly binding: SecretBinding } {
  const service = modelServiceOf(secret);
  if (service !== undefined)
    throw new AppError("CONFIG_INVALID", {
      message: `"${secret}" is the key of ${service.displayName}, which goes to ${new URL(service.upstream).host} and nowhere else`,
      fix: `Keep a key for the server under a name of its own: sbx secret set ${server.server}.api_key`,
    });
  const binding: SecretBinding = { secret, ...pick(server), by: "person", boundAt: at };
  return { bindings: [...bindings.filter((one) => one.secret !== secret || one.server !== server.server), binding], binding };
}

/** Take back every binding of a secret to servers of this name; the same list when there was none. */
export function unbind(bindings: readonly SecretBinding[], secret: string, server: string): readonly SecretBinding[] {
  const left = bindings.filter((one) => one.secret !== secret || one.server !== server);
  return left.length === bindings.length ? bindings : left;
}

/** What goes when a secret is removed: what the person said of it. A catalog's own names stay that catalog's. */
export function withoutPersonal(bindings: readonly SecretBinding[], secret: string): readonly SecretBinding[] {
  return bindings.filter((one) => one.secret !== secret || one.by !== "person");
}

/** An entry's wish for a secret that was not granted, with the command by which its person would grant it. */
export interface RefusedSecret {
  readonly secret: string;
  readonly reason: string;
  readonly fix: string;
}

/** Names that are a built-in server's own although they do not begin with its name, as the field's catalogs have them. */
const DECLARED: ReadonlyMap<string, readonly string[]> = new Map([["github-official", ["github.personal_access_token"]]]);

/** A server that was added, and what its catalog may do without asking. */
export interface Adopt {
  readonly server: ServerIdentity;
  readonly secrets: readonly Pick<ServerSecret, "name">[];
  /** Whether the catalog is one whose entries bind their own names: the built-in one. */
  readonly trusted: boolean;
  readonly at: string;
}

/**
 * Bind the secrets that are an added server's own. Anything else that its entry names stays the person's to bind: names of
 * other servers, names that are bound to another server already, and keys of model providers.
 */
export function bindByCatalog(bindings: readonly SecretBinding[], { server, secrets, trusted, at }: Adopt): { readonly added: readonly SecretBinding[]; readonly refused: readonly RefusedSecret[] } {
  const added: SecretBinding[] = [];
  const refused: RefusedSecret[] = [];
  for (const name of new Set(secrets.map(({ name }) => name))) {
    if (mayUse(bindings, name, server)) continue;
    const reason = whyNot(bindings, name, { server, trusted });
    if (reason === undefined) added.push({ secret: name, ...pick(server), by: "catalog", boundAt: at });
    else refused.push({ secret: name, reason, fix: fixFor(name, server.server) });
  }
  return { added, refused };
}

function whyNot(bindings: readonly SecretBinding[], name: string, { server, trusted }: Pick<Adopt, "server" | "trusted">): string | undefined {
  if (!SecretName.safeParse(name).success) return "it is no secret's name";
  const service = modelServiceOf(name);
  if (service !== undefined) return `it is the key of ${service.displayName}, which is no server's`;
  if (!trusted) return `servers of the catalog "${server.catalog}" get secrets from their person alone`;
  // With a dot in its name a server would lie within another's names.
  const own = (DECLARED.get(server.server) ?? []).includes(name) || (!server.server.includes(".") && name.startsWith(`${server.server}.`));
  if (!own) return `the name is not "${server.server}"'s own`;
  const other = bindings.find(({ secret }) => secret === name);
  return other === undefined ? undefined : `it is bound to "${other.server}" of the catalog "${other.catalog}" already`;
}

/** What a person does so that a server gets a secret. */
export function fixFor(secret: string, server: string): string {
  return modelServiceOf(secret) === undefined && SecretName.safeParse(secret).success
    ? `If you trust this server with it: sbx secret bind ${secret} --server ${server}`
    : "Leave this server out, or get an entry that names a secret of its own.";
}

/** The three words alone: an identity may be part of something larger. */
function pick({ server, catalog, source }: ServerIdentity): ServerIdentity {
  return { server, catalog, source };
}
