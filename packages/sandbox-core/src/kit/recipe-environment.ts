import { AppError } from "@sbx/contracts";
import { readBuildFile } from "./read-dockerfile.ts";

const WORD = /([A-Za-z_][A-Za-z0-9_]*)=("(?:[^"\\]|\\.)*"|'[^']*'|(?:[^\s"'\\]|\\.)*)/g;
const REFERENCE = /\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})/g;

/**
 * The variables that a Dockerfile's last stage sets, as far as its text tells: one that is made of what only a build
 * knows is not among them.
 *
 * @throws AppError `KIT_INVALID` where readers could disagree about the text
 */
export function recipeEnvironment(agent: string, dockerfile: string): Readonly<Record<string, string>> {
  const all = readBuildFile(dockerfile, (line, why) => new AppError("KIT_INVALID", { message: `Line ${line} of the Dockerfile of "${agent}" ${why}.`, fix: "Write the line plainly." }));
  const stage = all.slice(all.findLastIndex(({ name }) => name === "FROM") + 1);
  const found = new Map<string, string>();
  for (const { name, rest } of stage) {
    if (name !== "ENV") continue;
    const pairs = [...rest.matchAll(WORD)].map(([, key = "", value = ""]) => [key, value] as const);
    const [, key = "", value = ""] = /^(\S+)\s+(.*)$/.exec(rest) ?? [];
    for (const [variable, text] of pairs.length > 0 && !/^[^\s=]+\s/.test(rest) ? pairs : [[key, value] as const]) {
      const known = valueOf(text, found);
      if (known === undefined) found.delete(variable);
      else found.set(variable, known);
    }
  }
  return Object.fromEntries(found);
}

function valueOf(text: string, known: ReadonlyMap<string, string>): string | undefined {
  if (text.startsWith("'")) return text.slice(1, -1);
  const plain = text.startsWith('"') ? text.slice(1, -1) : text;
  const names = [...plain.matchAll(REFERENCE)].map(([, short, long]) => short ?? long ?? "");
  if (names.some((name) => !known.has(name)) || plain.replaceAll(REFERENCE, "").includes("$")) return undefined;
  return plain.replaceAll(REFERENCE, (_, short: string | undefined, long: string | undefined) => known.get(short ?? long ?? "") ?? "").replaceAll(/\\(.)/g, "$1");
}
