import type { KitArg } from "./descriptor.ts";
import type { KitPath } from "./kit-source.ts";

const REFERENCE = /\$\{\{\s*kit\.args\.([A-Za-z_]\w*)\s*\}\}/g;
const ANY_REFERENCE = /\$\{\{\s*kit\.[^}]*\}\}/;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?$/;

/** Called for what is wrong; gives the error to throw. */
export type Refuse = (path: KitPath, message: string) => Error;

export interface ArgScope {
  readonly args: Readonly<Record<string, KitArg>>;
  readonly refuse: Refuse;
  /** Where the value stands in the descriptor. */
  readonly path: KitPath;
}

/**
 * Put the defaults of a Kit's arguments into every text and key of a value. A text that is one reference alone takes the
 * type of its value where that loses nothing: `007` and `1.0` stay texts.
 *
 * Throws what `refuse` gives for an argument nobody declared, for keys that become one, and for any other reference.
 */
export function expandArgs(value: unknown, scope: ArgScope): unknown {
  const inner = (part: string | number): ArgScope => ({ ...scope, path: [...scope.path, part] });
  if (typeof value === "string") return expandText(value, scope);
  if (Array.isArray(value)) return value.map((item, index) => expandArgs(item, inner(index)));
  if (typeof value !== "object" || value === null) return value;
  const expanded = new Map<string, unknown>();
  for (const [key, item] of Object.entries(value)) {
    const name = substitute(key, inner(key));
    if (expanded.has(name)) throw scope.refuse([...scope.path, key], `two keys become "${name}"`);
    expanded.set(name, expandArgs(item, inner(key)));
  }
  return Object.fromEntries(expanded);
}

function expandText(text: string, scope: ArgScope): unknown {
  const expanded = substitute(text, scope);
  const whole = text.trim().replace(REFERENCE, "") === "" && text.trim() !== "" && expanded !== text;
  if (!whole || [...text.matchAll(REFERENCE)].length !== 1) return expanded;
  if (expanded === "true" || expanded === "false") return expanded === "true";
  return NUMBER.test(expanded) && String(Number(expanded)) === expanded ? Number(expanded) : expanded;
}

function substitute(text: string, { args, refuse, path }: ArgScope): string {
  const expanded = text.replaceAll(REFERENCE, (_, name: string) => {
    const arg = Object.hasOwn(args, name) ? args[name] : undefined;
    if (arg === undefined) throw refuse(path, `the argument "${name}" is not declared under args`);
    if (arg.default === undefined) throw refuse(path, `the argument "${name}" has no default, and sbx gives none yet`);
    return arg.default;
  });
  if (ANY_REFERENCE.test(expanded)) throw refuse(path, "only ${{ kit.args.NAME }} is filled in; references to the environment are not carried out yet");
  return expanded;
}
