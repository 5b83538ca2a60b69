import { parse, stringify } from "smol-toml";
import type { ConfigForm } from "./edit-config.ts";

/**
 * TOML, edited as text: a server is a table with a header of its own, which is put at the end or cut out. One that is
 * written otherwise is found out when the result is read again.
 */
export const tomlForm: ConfigForm = {
  parse: (text) => parse(text),
  edit(text, keys, value) {
    const without = cut(text, keys.map(String));
    if (value === undefined) return without;
    const block = stringify(keys.toReversed().reduce<Readonly<Record<string, unknown>>>((inner, key) => ({ [String(key)]: inner }), value));
    const before = without === "" || without.endsWith("\n") ? without : `${without}\n`;
    return `${before}${before === "" ? "" : "\n"}${block.trim()}\n`;
  },
};

/** Cut a table and the tables below it out, from the header to its last line that says something. */
function cut(text: string, keys: readonly string[]): string {
  const lines = text.split("\n");
  const kept: string[] = [];
  let held: string[] = [];
  let inside = false;
  for (const line of lines) {
    if (/^\s*\[/.test(line)) {
      inside = isBelow(line, keys);
      // A blank line before it was put there with it.
      if (inside && kept.at(-1) === "") kept.pop();
      if (!inside) kept.push(...held);
      held = [];
    }
    if (!inside) kept.push(line);
    else if (/^\s*(?:#|$)/.test(line)) held.push(line);
    else held = [];
  }
  return [...kept, ...held].join("\n");
}

function isBelow(header: string, keys: readonly string[]): boolean {
  const [, inner] = /^\s*\[\s*([^[\]]+?)\s*\]\s*(?:#.*)?$/.exec(header) ?? [];
  const parts = inner?.split(/\s*\.\s*/).map((part) => part.replaceAll(/^["']|["']$/g, ""));
  return parts !== undefined && keys.every((key, index) => parts[index] === key);
}
