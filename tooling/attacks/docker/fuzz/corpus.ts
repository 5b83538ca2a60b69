import { appendFile, readFile } from "node:fs/promises";
import type { FuzzCase } from "./fuzz-case.ts";

const FILE = new URL("corpus.jsonl", import.meta.url);
/** Longer ones say little more, and fill the file. */
const LONGEST = 2000;

/** The cases that showed something new, oldest first, with what each showed. */
export async function readCorpus(): Promise<readonly FuzzCase[]> {
  const lines = (await readFile(FILE, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as FuzzCase);
}

/** Keep cases for every run from now on. */
export async function keepCases(cases: readonly FuzzCase[]): Promise<void> {
  const lines = cases.map((one) => JSON.stringify(one)).filter((line) => line.length <= LONGEST);
  await appendFile(FILE, lines.map((line) => `${line}\n`).join(""));
}

/** What an answer is told apart by: what was let pass by what it was, what was refused by the words of the refusal. */
export function signatureOf({ kind, method, target, form }: FuzzCase, { status, text }: { readonly status: number; readonly text: string }): string {
  if (status < 300 && !text.includes('"errorDetail"')) return [kind, method, shapeOf(target), form, status].join(" ");
  const words = /"message":("(?:[^"\\]|\\.)*")/.exec(text)?.[1] ?? '""';
  return [
    kind,
    status,
    String(JSON.parse(words))
      .replaceAll(/"[^"]*"|[0-9a-f]{12,}|\/\S*|\d+|\?/g, "_")
      .slice(0, 80),
  ].join(" ");
}

/** A path without names. */
function shapeOf(target: string): string {
  const [path = ""] = target.split("?");
  return path
    .split("/")
    .slice(0, 6)
    .map((part) => (/^[a-z]{3,12}$/.test(part) ? part : "*"))
    .join("/");
}
