import type { Plugin } from "rolldown";

const FIRST_IMPORT = /^import\s*(?:(?:\*\s*as\s+)?(?<whole>[\w$]+)\s*,?)?\s*(?:\{(?<names>[^}]*)\})?\s*from\s*"(?<module>[^"]+)";?\s*/;

/**
 * Take Node's own modules without an import: for one Node makes a copy of all that the module has, and so loads much that
 * nobody asked for, as web streams for "node:fs" and web cryptography for "node:crypto".
 */
export function withoutFacades(): Plugin {
  // Lines stay where they are, and so does what a map says of them.
  return { name: "without-facades", renderChunk: (code) => ({ code: withBuiltinsTaken(code), map: null }) };
}

/** A file in which those of its first imports that are of Node's modules are calls. What is written in another way stays an import. */
export function withBuiltinsTaken(code: string): string {
  let head = "";
  let rest = code;
  for (let found = FIRST_IMPORT.exec(rest); found !== null; found = FIRST_IMPORT.exec(rest)) {
    head += takenOf(found);
    rest = rest.slice(found[0].length);
  }
  return head + rest;
}

function takenOf({ 0: statement, groups: { whole, names, module = "" } = {} }: RegExpExecArray): string {
  if (!module.startsWith("node:") || /\bdefault\b/.test(names ?? "")) return statement;
  const targets = [whole, names === undefined ? undefined : `{${names.replaceAll(/\s+as\s+/g, ":")}}`];
  const end = /\s*$/.exec(statement)?.[0] ?? "";
  return targets.flatMap((target) => (target === undefined ? [] : [`const ${target}=process.getBuiltinModule(${JSON.stringify(module)});`])).join("") + end;
}
