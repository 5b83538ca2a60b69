import type * as z from "zod";
import type { DocumentPath } from "./read-source.ts";

const EXPECTED: Readonly<Record<string, string>> = { array: "a list", boolean: "true or false", number: "a number", object: "keys and values", record: "keys and values", string: "a text" };

/** What is wrong with a value that a schema refused: one thing, at its place, in words. */
export function describeIssue(error: z.core.$ZodError): { readonly path: DocumentPath; readonly message: string } {
  const [first] = error.issues;
  if (first === undefined) return { path: [], message: "this is not what belongs here" };
  const key = first.code === "unrecognized_keys" ? first.keys[0] : undefined;
  const path = [...first.path, ...(key === undefined ? [] : [key])];
  const shown = first.path.length === 0 ? "" : `${first.path.map(String).join(".")}: `;
  return { path, message: `${shown}${issueText(first)}` };
}

function issueText(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined && issue.message.endsWith("received undefined") ? "is missing" : `expected ${EXPECTED[issue.expected] ?? issue.expected}`;
    case "invalid_key":
      return issue.issues[0]?.message ?? "this key does not belong here";
    case "unrecognized_keys":
      return `unknown key "${issue.keys[0] ?? ""}"`;
    default:
      return issue.message.startsWith("Invalid") ? "is not in the form that belongs here" : issue.message;
  }
}
