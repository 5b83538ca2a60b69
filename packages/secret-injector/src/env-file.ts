import { MAX_SECRET_LENGTH, SecretName } from "@sbx/contracts";
import { Secret } from "./secret.ts";

/** What a file of `NAME=VALUE` lines has: secrets by name, and lines that are none, by number and reason, never by content. */
export interface EnvFile {
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly leftOut: readonly { readonly line: number; readonly reason: string }[];
}

/**
 * Read secrets from a file in the form that Docker's tools use: one `NAME=VALUE` a line, `#` begins a comment, everything
 * after the first `=` is the value, quotes too. Where a name comes twice the last line wins. Never throws.
 */
export function parseEnvFile(text: string): EnvFile {
  const secrets = new Map<string, { readonly value: string; readonly line: number }>();
  const leftOut: { line: number; reason: string }[] = [];
  for (const [index, whole] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1;
    if (/^\s*(#|$)/.test(whole)) continue;
    const { name, value, reason } = readLine(whole);
    if (reason !== undefined) {
      leftOut.push({ line, reason });
      continue;
    }
    const before = secrets.get(name);
    if (before !== undefined) leftOut.push({ line: before.line, reason: `line ${line} gives it anew` });
    secrets.set(name, { value, line });
  }
  return { secrets: new Map([...secrets].map(([name, { value }]) => [name, new Secret(value)])), leftOut: leftOut.toSorted((a, b) => a.line - b.line) };
}

function readLine(whole: string): { readonly name: string; readonly value: string; readonly reason?: string } {
  const at = whole.indexOf("=");
  const name = whole.slice(0, Math.max(0, at)).trim();
  const value = whole.slice(at + 1);
  return { name, value, ...because(at, name, value) };
}

function because(at: number, name: string, value: string): { readonly reason?: string } {
  if (at === -1) return { reason: "it has no =" };
  if (!SecretName.safeParse(name).success) return { reason: "what stands before = is no secret's name" };
  if (value.trim() === "") return { reason: "it has no value" };
  return value.length > MAX_SECRET_LENGTH ? { reason: `its value is longer than ${MAX_SECRET_LENGTH} characters` } : {};
}
