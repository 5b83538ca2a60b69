import type { Plugin } from "rolldown";

const FIRST_IMPORT = /^import\s*(?:(?:\*\s*as\s+)?(?<whole>[\w$]+)\s*,?)?\s*(?:\{(?<names>[^}]*)\})?\s*from\s*"(?<module>[^"]+)";?\s*/;

/**
 * Take Node's own modules without an import: for one Node makes a copy of all that the module has, and so loads much that
 * nobody asked for, as web streams for "node:fs" and web cryptography for "node:crypto".
 */
export function withoutFacades(): Plugin {
  return { name: "without-facades", renderChunk: (code) => withBuiltinsTaken(code) };
}

/** A file in which those of its first imports that are of Node's modules are calls. What is written in another way stays an import. */
export function withBuiltinsTaken(code: string): string {
  const taken: string[] = [];
  const left: string[] = [];
  let rest = code;
  for (let found = FIRST_IMPORT.exec(rest); found !== null; found = FIRST_IMPORT.exec(rest)) {
    const { whole, names, module = "" } = found.groups ?? {};
    if (module.startsWith("node:") && !/\bdefault\b/.test(names ?? "")) taken.push(takenAs([whole, names === undefined ? undefined : `{${names.replaceAll(/\s+as\s+/g, ":")}}`], module));
    else left.push(found[0]);
    rest = rest.slice(found[0].length);
  }
  return `${left.join("")}${taken.join("")}${rest}`;
}

function takenAs(targets: readonly (string | undefined)[], module: string): string {
  return targets.flatMap((target) => (target === undefined ? [] : [`const ${target}=process.getBuiltinModule(${JSON.stringify(module)});`])).join("");
}
