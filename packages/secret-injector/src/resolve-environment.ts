import type { ServerSecret } from "@sbx/contracts";
import { Secret } from "./secret.ts";

/** A secret that a server does not get: it is not there, or not bound to it. */
export interface MissingSecret {
  readonly name: string;
  /** Variable of the server that stays unset. */
  readonly env: string;
  /** What its person does about it. */
  readonly fix: string;
}

/** Looks a secret up for one server: its value, or the command that would mend its absence. */
export type SecretLookup = (name: string) => Promise<Secret | Pick<MissingSecret, "fix">>;

/** The part of a server's plan that secrets go into. */
export interface SecretPlan {
  /** Variables, or header names, whose text holds `$ENV` or `${ENV}` of the entry's own secrets. */
  readonly secretEnv: Readonly<Record<string, string>>;
  readonly secrets: readonly Pick<ServerSecret, "name" | "env" | "required">[];
}

/** What a server is started with; when a required secret is missing, it is not to be started. */
export interface ResolvedSecrets {
  readonly environment: Readonly<Record<string, Secret>>;
  readonly missing: readonly MissingSecret[];
}

/**
 * Fill in the variables of a server: each declared secret under its own variable, and each text with what it names.
 *
 * Text that names a secret which is not there is left out whole, never filled with an empty or a made-up value. Only the
 * entry's own secrets are known: any other `$NAME` stays as it stands. A value is never read for names again.
 */
export async function resolveServerEnvironment({ secretEnv, secrets }: SecretPlan, lookup: SecretLookup): Promise<ResolvedSecrets> {
  const { values, missing } = await lookUp(secrets, lookup);
  const texts = fill(secretEnv, secrets, values);
  const direct = secrets.flatMap(({ env }) => {
    const value = values.get(env);
    return value === undefined || Object.hasOwn(secretEnv, env) ? [] : [[env, value] as const];
  });
  return { environment: Object.fromEntries([...direct, ...texts]), missing };
}

/** As {@link resolveServerEnvironment} for texts alone, such as the headers of a remote server: no variable is added. */
export async function resolveTexts({ secretEnv, secrets }: SecretPlan, lookup: SecretLookup): Promise<ResolvedSecrets> {
  const { values, missing } = await lookUp(secrets, lookup);
  return { environment: Object.fromEntries(fill(secretEnv, secrets, values)), missing };
}

interface LookedUp {
  /** By variable. */
  readonly values: ReadonlyMap<string, Secret>;
  /** The required ones alone. */
  readonly missing: readonly MissingSecret[];
}

async function lookUp(secrets: SecretPlan["secrets"], lookup: SecretLookup): Promise<LookedUp> {
  const values = new Map<string, Secret>();
  const missing: MissingSecret[] = [];
  for (const { name, env, required } of secrets) {
    const found = await lookup(name);
    if (found instanceof Secret) values.set(env, found);
    else if (required) missing.push({ name, env, fix: found.fix });
  }
  return { values, missing };
}

/** `${NAME}` or `$NAME`. */
const NAMED = /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g;

function fill(texts: SecretPlan["secretEnv"], secrets: SecretPlan["secrets"], values: ReadonlyMap<string, Secret>): readonly (readonly [string, Secret])[] {
  const declared = new Set(secrets.map(({ env }) => env));
  return Object.entries(texts).flatMap(([variable, text]) => {
    const lacks = [...text.matchAll(NAMED)].map(([, braced, bare]) => braced ?? bare ?? "").some((name) => declared.has(name) && !values.has(name));
    if (lacks) return [];
    const filled = text.replaceAll(NAMED, (asWritten: string, braced: string | undefined, bare: string | undefined) => values.get(braced ?? bare ?? "")?.reveal() ?? asWritten);
    return [[variable, new Secret(filled)] as const];
  });
}
