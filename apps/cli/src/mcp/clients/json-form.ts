import { applyEdits, findNodeAtLocation, modify, parse, parseTree, printParseErrorCode, type Edit, type ParseError } from "jsonc-parser";
import type { ConfigForm } from "./edit-config.ts";

/** JSON in which clients allow comments and commas too many. */
export const jsonForm: ConfigForm = {
  parse(text) {
    const bare = withoutMark(text);
    if (bare.trim() === "") return undefined;
    const errors: ParseError[] = [];
    const value: unknown = parse(bare, errors, { allowTrailingComma: true });
    const [first] = errors;
    if (first !== undefined) throw new Error(`line ${bare.slice(0, first.offset).split("\n").length}: ${printParseErrorCode(first.error)}`);
    return value;
  },
  edit(text, keys, value) {
    const mark = text.slice(0, text.length - withoutMark(text).length);
    const bare = text.trim() === "" ? "{\n}\n" : withoutMark(text);
    if (value === undefined && hasComment(bare, keys)) return text;
    // Without formatting: that of the library would change what stands beside it.
    const edits = modify(bare, [...keys], value, {});
    return mark + applyEdits(bare, value === undefined ? edits : edits.map((edit) => laidOut(bare, edit, depthOf(bare, keys))));
  },
};

/** What is put in, over several lines as the rest of a text is that has any. */
function laidOut(text: string, edit: Edit, depth: number): Edit {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  if (!text.trim().includes("\n")) return edit;
  const unit = /^([ \t]+)\S/m.exec(text)?.[1] ?? "  ";
  const [, comma = "", property] = /^(,?)(".*)$/s.exec(edit.content) ?? [];
  const indent = unit.repeat(depth);
  const shown = (value: unknown): string => JSON.stringify(value, null, unit).replaceAll("\n", `${eol}${indent}`);
  if (property === undefined) return { ...edit, content: shown(JSON.parse(edit.content)) };
  const inner = shown(JSON.parse(`{${property}}`))
    .slice(1)
    .replace(/\s*\}$/, "");
  const rest = text.slice(edit.offset);
  return { ...edit, content: `${comma}${inner}${rest.startsWith("}") ? `${eol}${indent}` : ""}` };
}

/** How many of the keys lead somewhere already: so deep lies what is put in, or replaced. */
function depthOf(text: string, keys: readonly (string | number)[]): number {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  const there = keys.findIndex((_key, index) => tree === undefined || findNodeAtLocation(tree, keys.slice(0, index + 1)) === undefined);
  return there < 0 ? keys.length : there;
}

/** What stands in a table that is else empty is its person's. */
function hasComment(text: string, keys: readonly (string | number)[]): boolean {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  const node = tree === undefined ? undefined : findNodeAtLocation(tree, [...keys]);
  return node?.type === "object" && node.children?.length === 0 && !/^\{\s*\}$/.test(text.slice(node.offset, node.offset + node.length));
}

function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, "");
}
