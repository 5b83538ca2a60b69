import { AppError } from "@sbx/contracts";

/** A piece of a value in a catalog: text as it stands, or a place that the server's configuration fills. */
export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "place"; readonly path: string; readonly functions: readonly TemplateFunction[]; readonly written: string };

/** A function after a `|`, in the order in which they are applied. */
export type TemplateFunction =
  | { readonly name: "volume" | "volume-target" | "into" | "first" | "last" }
  /** What stands there when the value is empty; `[a,b]` is a list. */
  | { readonly name: "or"; readonly fallback: string | readonly string[] }
  | { readonly name: "mount_as"; readonly target: string };

const MAX_PLACES = 50;

/**
 * Split a value at its `{{server.key|function|…}}`.
 *
 * @throws AppError `CATALOG_INVALID` for a place that does not end, or a function that is none of ours: what it would
 *   have done to a path, say make it read-only, cannot be left out silently
 */
export function parseTemplate(text: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let end = 0;
  for (let start = text.indexOf("{{"); start !== -1; start = text.indexOf("{{", end)) {
    const close = text.indexOf("}}", start);
    if (close === -1) throw invalid(text, "it has no }}");
    if (parts.length > 2 * MAX_PLACES) throw invalid(text, `it has more than ${MAX_PLACES} places`);
    if (start > end) parts.push({ kind: "text", text: text.slice(end, start) });
    const [path = "", ...functions] = text.slice(start + 2, close).split("|");
    parts.push({ kind: "place", path: path.trim(), functions: functions.map((written) => parseFunction(text, written.trim())), written: text.slice(start, close + 2) });
    end = close + 2;
  }
  if (end < text.length) parts.push({ kind: "text", text: text.slice(end) });
  return parts;
}

function parseFunction(text: string, written: string): TemplateFunction {
  const name = written.split(":", 1)[0] ?? "";
  const argument = written.slice(name.length + 1);
  switch (name) {
    case "volume":
    case "volume-target":
    case "into":
    case "first":
    case "last":
      return { name };
    case "or":
      return { name, fallback: /^\[.*\]$/s.test(argument) ? listOf(argument.slice(1, -1)) : argument };
    case "mount_as":
      return { name, target: argument };
    default:
      throw invalid(text, `"${name.slice(0, 50)}" is no function of templates`);
  }
}

function listOf(text: string): readonly string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function invalid(text: string, why: string): AppError {
  return new AppError("CATALOG_INVALID", { message: `The template "${text.slice(0, 200)}" cannot be read: ${why}`, fix: "Correct the entry, or use another server." });
}
