import type { ServerConfig, ServerEntry, ServerSecret } from "@sbx/contracts";
import { entryRefused, valueChecks } from "./check-value.ts";
import { evaluate, textOf, type Piece, type TemplateScope } from "./evaluate.ts";
import { splitSecrets } from "./split-secrets.ts";
import type { SecretPart, SecretTemplate } from "./server-plan.ts";

/** The variables of a server's environment, apart by whether secrets are needed to write them. */
export interface PlannedEnv {
  readonly env: Readonly<Record<string, string>>;
  readonly secretEnv: Readonly<Record<string, SecretTemplate>>;
}

/**
 * Evaluate the environment. Every secret of the entry is the variable that it declares; `$NAME` in a value is a secret
 * of the entry or refused, and is looked for in what the entry wrote, never in what a configuration says.
 *
 * @throws AppError `CATALOG_INVALID`, `CONFIG_INVALID`
 */
export function planEnv(entry: ServerEntry, config: ServerConfig): PlannedEnv {
  const env = new Map<string, string>();
  const secretEnv = new Map<string, SecretTemplate>(entry.secrets.map((secret) => [secret.env, { parts: [secretPart(secret)], required: secret.required }]));
  for (const { name, value } of entry.env) {
    const planned = planValue(entry, value, { config, check: valueChecks(entry.name).plain });
    if (planned === undefined) continue;
    if (planned.parts.some(({ kind }) => kind === "secret")) {
      secretEnv.set(name, planned);
      env.delete(name);
    } else {
      if (secretEnv.has(name)) throw entryRefused(entry.name, `${name} is both a secret and a plain variable`);
      env.set(name, planned.parts.map((part) => (part.kind === "text" ? part.text : "")).join(""));
    }
  }
  return { env: Object.fromEntries(env), secretEnv: Object.fromEntries(secretEnv) };
}

/** Headers that say where a request goes and where it ends, or that the protocol sets. */
const NOT_OURS = /^(?:host|content-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|proxy-.*|mcp-.*|accept)$/i;

/**
 * Evaluate the headers of a remote, each on the same terms as a variable.
 *
 * @throws AppError `CATALOG_INVALID`, `CONFIG_INVALID`
 */
export function planHeaders(entry: ServerEntry, config: ServerConfig): Readonly<Record<string, SecretTemplate>> {
  if (entry.source.kind !== "remote") return {};
  return Object.fromEntries(
    Object.entries(entry.source.headers).flatMap(([name, value]) => {
      if (NOT_OURS.test(name)) throw entryRefused(entry.name, `the header ${name} belongs to the connection, not to the server`);
      const planned = planValue(entry, value, { config, check: valueChecks(entry.name).header });
      return planned === undefined ? [] : [[name, planned] as const];
    }),
  );
}

/** `undefined` when only an unset configuration would have stood there. */
function planValue(entry: ServerEntry, text: string, { config, check }: Pick<TemplateScope, "config" | "check">): SecretTemplate | undefined {
  const values = evaluate(text, { server: entry.name, config, check });
  if (values.every(({ empty }) => empty)) return undefined;
  // A value that is a list has no second variable to go to.
  const pieces = values.flatMap((value, index): readonly Piece[] => (index === 0 ? value.pieces : [{ text: ",", config: false }, ...value.pieces]));
  const parts = pieces.flatMap((piece) => (piece.config ? [{ kind: "text", text: piece.text } as const] : secretParts(entry, piece.text)));
  const named = new Set(parts.flatMap((part) => (part.kind === "secret" ? [part.env] : [])));
  if (/\0/.test(textOf(pieces))) throw entryRefused(entry.name, "a value holds a NUL character");
  return { parts, required: entry.secrets.some(({ env, required }) => required && named.has(env)) };
}

function secretParts(entry: ServerEntry, text: string): readonly SecretPart[] {
  return splitSecrets(text).map((part) => {
    if (part.kind === "text") return part;
    const secret = entry.secrets.find(({ env }) => env === part.name);
    if (secret !== undefined) return secretPart(secret);
    // The directory of a bundle, which its runner knows.
    if (entry.source.kind === "bundle" && part.name === "__dirname") return { kind: "text", text: part.written };
    throw entryRefused(entry.name, `${part.written} names no secret of this entry`);
  });
}

const secretPart = ({ name, env }: ServerSecret): SecretPart => ({ kind: "secret", secret: name, env });
