import type { ServerEffect, ServerEntry, ServerRule } from "@sbx/contracts";

/** Id of the catalog that comes with sbx. No other catalog may be given it. */
export const BUILT_IN_CATALOG = "builtin";

/** What rules say about one server. */
export interface ServerJudgement {
  readonly effect: ServerEffect;
  /** One sentence, without full stop. */
  readonly reason: string;
  /** The rule that decided; absent when none names the server. */
  readonly rule?: ServerRule;
}

const STRICTEST_FIRST: readonly ServerEffect[] = ["deny", "ask", "allow"];

/**
 * Say whether a server may be added. Of all rules that name it the strictest decides: any denial wins, and a rule that
 * asks goes before one that allows. Where none names it, a server of the built-in catalog is allowed and every other
 * one is asked about.
 *
 * `catalog` is what the daemon calls the place that the entry was read from, never what a document calls itself.
 */
export function judgeServer(rules: readonly ServerRule[], entry: Pick<ServerEntry, "name" | "source">, { catalog }: { readonly catalog: string }): ServerJudgement {
  const named = rules.filter((rule) => names(rule, entry, catalog));
  for (const effect of STRICTEST_FIRST) {
    const rule = named.find((candidate) => candidate.effect === effect);
    if (rule !== undefined) return { effect, reason: reasonOf(rule, entry.name), rule };
  }
  if (catalog === BUILT_IN_CATALOG) return { effect: "allow", reason: `"${entry.name}" is of the catalog that comes with sbx` };
  return { effect: "ask", reason: `"${entry.name}" is of the catalog "${catalog}", and no rule allows it` };
}

/**
 * Say whether a server may write to the directories of a workspace that its configuration names: a rule that names it
 * says so, and none denies it. Nothing else opens them, not even that it is of the built-in catalog.
 */
export function mayWriteWorkspace(rules: readonly ServerRule[], entry: Pick<ServerEntry, "name" | "source">, { catalog }: { readonly catalog: string }): boolean {
  const named = rules.filter((rule) => names(rule, entry, catalog));
  return !named.some(({ effect }) => effect === "deny") && named.some(({ effect, write }) => effect === "allow" && write === true);
}

function names(rule: ServerRule, { name, source }: Pick<ServerEntry, "name" | "source">, catalog: string): boolean {
  return matches(rule.catalog, catalog) && matches(rule.name, name) && (rule.kind === undefined || rule.kind === source.kind);
}

/** Letters count as the same in both cases, so that no spelling steps round a denial. */
function matches(pattern: string | undefined, name: string): boolean {
  if (pattern === undefined) return true;
  const [first = "", ...rest] = pattern.toLowerCase().split("*");
  const text = name.toLowerCase();
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}

function reasonOf(rule: ServerRule, name: string): string {
  const about = [rule.catalog === undefined ? "" : `catalog ${rule.catalog}`, rule.name === undefined ? "" : `name ${rule.name}`, rule.kind === undefined ? "" : `kind ${rule.kind}`]
    .filter((part) => part !== "")
    .join(", ");
  const verb = { allow: "allows", ask: "asks about", deny: "denies" }[rule.effect];
  return `a rule ${verb} "${name}" (${about === "" ? "all servers" : about})${rule.note === undefined ? "" : `: ${rule.note}`}`;
}
