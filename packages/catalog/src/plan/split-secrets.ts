/** A piece of a text in which `$NAME` and `${NAME}` name variables. `written` is how it stood there. */
export type TextPart = { readonly kind: "text"; readonly text: string } | { readonly kind: "variable"; readonly name: string; readonly written: string };

const VARIABLE = /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g;

/** Split a text of a catalog at its variables. Nothing is looked up; a lone `$` is text. */
export function splitSecrets(text: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(VARIABLE)) {
    const [written, braced, bare] = match;
    if (match.index > end) parts.push({ kind: "text", text: text.slice(end, match.index) });
    parts.push({ kind: "variable", name: braced ?? bare ?? "", written });
    end = match.index + written.length;
  }
  if (end < text.length) parts.push({ kind: "text", text: text.slice(end) });
  return parts;
}
