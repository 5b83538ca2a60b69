import { Secret } from "./secret.ts";

/** A secret that a server does not get: it is not there, or not bound to it. */
export interface MissingSecret {
  readonly name: string;
  /** Variable under which the server's entry declares it. */
  readonly env: string;
  /** What its person does about it. */
  readonly fix: string;
}

/** Looks a secret up for one server: its value, or the command that would mend its absence. */
export type SecretLookup = (name: string) => Promise<Secret | Pick<MissingSecret, "fix">>;

/** A value that a plan left open for secrets: text, and names of secrets with the variables that declare them. */
export interface OpenValue {
  readonly parts: readonly ({ readonly kind: "text"; readonly text: string } | { readonly kind: "secret"; readonly secret: string; readonly env: string })[];
  /** Whether the server is not to be started without it. */
  readonly required: boolean;
}

/** What a server is started with; when anything is missing, it is not to be started. */
export interface ResolvedSecrets {
  readonly environment: Readonly<Record<string, Secret>>;
  /** Each secret once, by the order of the values. */
  readonly missing: readonly MissingSecret[];
}

/**
 * Fill in the variables of a server, or the headers of a remote one: what stands under `secretEnv` and `headers` of its plan.
 *
 * A value of which a secret is not there is left out whole, never filled with an empty or a made-up text; it is missing
 * when it is required. What a secret holds is text: no name in it is looked for.
 */
export async function resolveServerEnvironment(values: Readonly<Record<string, OpenValue>>, lookup: SecretLookup): Promise<ResolvedSecrets> {
  const found = await lookUp(values, lookup);
  const missing = new Map<string, MissingSecret>();
  const environment = Object.entries(values).flatMap(([variable, { parts, required }]) => {
    const filled = parts.map((part) => (part.kind === "text" ? part.text : found.get(part.secret)));
    for (const part of required ? parts : []) {
      const value = part.kind === "text" ? undefined : found.get(part.secret);
      if (part.kind === "secret" && value !== undefined && !(value instanceof Secret)) missing.set(part.secret, { name: part.secret, env: part.env, fix: value.fix });
    }
    const texts = filled.flatMap((part) => (typeof part === "string" ? [part] : part instanceof Secret ? [part.reveal()] : []));
    return texts.length === parts.length ? [[variable, new Secret(texts.join(""))] as const] : [];
  });
  return { environment: Object.fromEntries(environment), missing: [...missing.values()] };
}

/** Each name is asked for once, however often it is named: a source may have to ask its person. */
async function lookUp(values: Readonly<Record<string, OpenValue>>, lookup: SecretLookup): Promise<ReadonlyMap<string, Awaited<ReturnType<SecretLookup>>>> {
  const names = new Set(Object.values(values).flatMap(({ parts }) => parts.flatMap((part) => (part.kind === "secret" ? [part.secret] : []))));
  const found = new Map<string, Awaited<ReturnType<SecretLookup>>>();
  for (const name of names) found.set(name, await lookup(name));
  return found;
}
