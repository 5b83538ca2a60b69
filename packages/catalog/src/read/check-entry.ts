import { ServerEntry } from "@sbx/contracts";
import type * as z from "zod";
import { describeIssue } from "../document/describe-issue.ts";
import { readable } from "../document/printable.ts";
import type { CatalogWarning, DocumentPath, DocumentSource } from "../document/read-source.ts";
import { secretsInArguments } from "../plan/secrets-in-arguments.ts";

/** An entry before it was checked. */
export type EntryDraft = z.input<typeof ServerEntry>;

/** Where in a document an entry stands, and the name that it would have. */
export interface EntryPlace {
  readonly source: DocumentSource;
  readonly path: DocumentPath;
  readonly name: string;
}

/** The entry when it is one, and what there is to say about it. */
export interface EntryRead {
  readonly entry?: ServerEntry;
  readonly warnings: readonly CatalogWarning[];
}

/** Check a draft by the schema of entries and what it cannot say. A broken one is left out with a warning. */
export function checkEntry({ source, path, name }: EntryPlace, draft: EntryDraft): EntryRead {
  const parsed = ServerEntry.safeParse(draft);
  if (!parsed.success) {
    const issue = describeIssue(parsed.error);
    return leftOut({ source, path: [...path, ...issue.path], name }, issue.message);
  }
  const entry = cleaned(parsed.data);
  const problem = addressProblem(entry);
  if (problem !== undefined) return leftOut({ source, path, name }, problem);
  const warnings = secretsInArguments(entry).map((secret) =>
    source.warn([...path, "command"], `"${name}" cannot be run: it wants the secret ${secret} among its arguments, where every program can read it`, name),
  );
  return { entry, warnings };
}

/** Nothing but a warning that says why the entry is not there. */
export function leftOut({ source, path, name }: EntryPlace, why: string): EntryRead {
  return { warnings: [source.warn(path, `"${name}" is left out: ${why}`, name)] };
}

/** What people and agents read of an entry shows all that it holds. */
function cleaned(entry: ServerEntry): ServerEntry {
  return {
    ...entry,
    ...(entry.title === undefined ? {} : { title: readable(entry.title).replaceAll("\n", " ") }),
    ...(entry.description === undefined ? {} : { description: readable(entry.description) }),
    tools: entry.tools.map((tool) => ({ ...tool, ...(tool.description === undefined ? {} : { description: readable(tool.description) }) })),
  };
}

function addressProblem({ source }: ServerEntry): string | undefined {
  if (source.kind !== "remote") return undefined;
  // A template has no place in the syntax of addresses; planning checks what it becomes.
  const url = URL.parse(source.url.replaceAll(/\{\{[^{}]*\}\}/g, "x"));
  if (url === null || url.protocol !== "https:") return `"${source.url}" is no address that begins with https://`;
  return url.username !== "" || url.password !== "" ? "its address holds a user's name or password" : undefined;
}
