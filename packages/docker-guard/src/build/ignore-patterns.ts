import { Refusal } from "../refusal.ts";
import { patternOf } from "./path-pattern.ts";

/** Each is held against each file of a context. */
const MAX_RULES = 1000;

/** Says which paths of a context a build does not see. */
export type Ignores = (path: string) => boolean;

/** Read .dockerignore: the last line that fits a path, or one of its directories, decides. @throws Refusal 400 or 413 */
export function readIgnores(text: string): Ignores {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length > MAX_RULES) throw new Refusal(413, `.dockerignore has at most ${MAX_RULES} patterns here`);
  const rules = lines.map((line) => ({ keeps: line.startsWith("!"), pattern: patternOf(line.replace(/^!\s*/, "")) }));
  return (path) => rules.findLast(({ pattern }) => pattern.covers(path))?.keeps === false;
}
