import type { KitPath } from "./kit-source.ts";

const REFERENCE = /\$\{\{\s*kit\.(args|env)\.([A-Za-z_]\w*)\s*\}\}/g;
const ENV_REFERENCE = /\$\{\{\s*kit\.env\./;
const ANY_REFERENCE = /\$\{\{\s*kit\./;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?$/;

/** Called for what is wrong; gives the error to throw. */
export type Refuse = (path: KitPath, message: string) => Error;

export interface ReferenceScope {
  /** Every argument that is declared; `undefined` for one that has no value. */
  readonly args: Readonly<Record<string, string | undefined>>;
  /** The variables of the sandbox; without them a reference to one stays as it is. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly refuse: Refuse;
  /** Where the value stands in the descriptor. */
  readonly path: KitPath;
}

/** Whether a configuration waits for the variables of a sandbox. */
export function waitsForEnvironment(config: unknown): boolean {
  return ENV_REFERENCE.test(JSON.stringify(config ?? null));
}

/**
 * Put arguments into every text and key of a value, and variables into the texts of a capability's configuration. A text
 * that is one argument alone takes the type of its value where that loses nothing: `007` and `1.0` stay texts, and so do
 * sizes, modes and all variables. A value is never looked through for references again.
 *
 * Throws what `refuse` gives for a name nobody declared or set, for keys that become one, and for a value that is a
 * reference itself. No message holds a value.
 */
export function expandReferences(value: unknown, scope: ReferenceScope): unknown {
  const inner = (part: string | number): ReferenceScope => ({ ...scope, path: [...scope.path, part] });
  if (typeof value === "string") return expandText(value, scope);
  if (Array.isArray(value)) return value.map((item, index) => expandReferences(item, inner(index)));
  if (typeof value !== "object" || value === null) return value;
  const expanded = new Map<string, unknown>();
  for (const [key, item] of Object.entries(value)) {
    const name = substitute(key, { ...inner(key), path: [...scope.path] });
    if (expanded.has(name)) throw scope.refuse([...scope.path, key], "two keys become the same one");
    expanded.set(name, expandReferences(item, inner(key)));
  }
  return Object.fromEntries(expanded);
}

function expandText(text: string, scope: ReferenceScope): unknown {
  const expanded = substitute(text, scope);
  const isOneArgument = /^\s*\$\{\{\s*kit\.args\.[A-Za-z_]\w*\s*\}\}\s*$/.test(text);
  const key = scope.path.at(-1);
  if (!isOneArgument || key === "size" || key === "mode") return expanded;
  if (expanded === "true" || expanded === "false") return expanded === "true";
  return NUMBER.test(expanded) && String(Number(expanded)) === expanded ? Number(expanded) : expanded;
}

function substitute(text: string, scope: ReferenceScope): string {
  if (ANY_REFERENCE.test(text.replaceAll(REFERENCE, ""))) throw scope.refuse(scope.path, "only ${{ kit.args.NAME }} and ${{ kit.env.NAME }} are filled in");
  return text.replaceAll(REFERENCE, (whole, kind: string, name: string) => {
    const found = kind === "args" ? argument(name, scope) : (variable(name, scope) ?? whole);
    if (found !== whole && ANY_REFERENCE.test(found)) throw scope.refuse(scope.path, `the value of "${name}" is a reference itself`);
    return found;
  });
}

function argument(name: string, { args, refuse, path }: ReferenceScope): string {
  if (!Object.hasOwn(args, name)) throw refuse(path, `the argument "${name}" is not declared under args`);
  const value = args[name];
  if (value === undefined) throw refuse(path, `the argument "${name}" has no value; give it with --arg ${name}=VALUE`);
  return value;
}

function variable(name: string, { env, refuse, path }: ReferenceScope): string | undefined {
  if (!path.includes("config")) throw refuse(path, "variables are filled into values of a capability's config alone");
  if (env === undefined) return undefined;
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value === undefined) throw refuse(path, `the variable "${name}" is not set in the sandbox; set it with --env ${name}=VALUE`);
  if (value.includes("\0")) throw refuse(path, `the variable "${name}" holds a NUL`);
  return value;
}
