import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { outcomeOf, type Outcome } from "./check.ts";
import { capture } from "./run-tool.ts";
import { workspacePackages } from "./workspace-packages.ts";

const SHIPPED = /^(?:packages|apps)\/[^/]+\/(?:src|recipes|agents|bin)\//;

/**
 * The notes for users: each can be read, names packages that exist, and says something; and a branch that changes what
 * is shipped brings one. What a branch changes is asked of git against `origin/main`; where there is none, that part is
 * left out and the note says so.
 */
export async function checkChangesets(root: string): Promise<Outcome> {
  const names = new Set((await workspacePackages(root)).filter((one) => !one.isPrivate).map((one) => one.name));
  const files = (await readdir(path.join(root, ".changeset"))).filter((name) => name.endsWith(".md") && name !== "README.md");
  const findings: string[] = [];
  for (const file of files) findings.push(...changesetFindings(file, await readFile(path.join(root, ".changeset", file), "utf8"), names));
  const changed = await changedSince(root, "origin/main");
  if (changed !== undefined) findings.push(...presenceFindings(changed));
  return outcomeOf(findings, { what: "findings", green: `${files.length} waiting${changed === undefined ? ", no origin/main to compare with" : ""}` });
}

/** What is wrong with one changeset; `names` are the packages that are published. */
export function changesetFindings(file: string, text: string, names: ReadonlySet<string>): readonly string[] {
  const match = /^---\n([\s\S]*?)---\n([\s\S]*)$/.exec(text);
  if (match === null) return [`${file}: begins with no list of packages between two lines of ---`];
  const packages: unknown = parse(match[1] ?? "");
  const listed = typeof packages === "object" && packages !== null ? Object.entries(packages) : [];
  const [title = "", ...body] = (match[2] ?? "").trim().split("\n");
  return [
    ...(listed.length === 0 ? [`${file}: names no package`] : []),
    ...listed.filter(([name]) => !names.has(name)).map(([name]) => `${file}: ${name} is no published package`),
    ...listed.filter(([, size]) => !["major", "minor", "patch"].includes(String(size))).map(([name]) => `${file}: ${name} is neither major, minor nor patch`),
    ...(/^[A-Z][^:]+$/.test(title) && !title.endsWith(".") ? [] : [`${file}: the first line is a sentence in the imperative, without prefix and full stop: ${JSON.stringify(title)}`]),
    ...(body.join("").trim() === "" ? [`${file}: says nothing below its first line`] : []),
  ];
}

/** Whether a set of changed files that touches what is shipped holds a changeset. */
export function presenceFindings(changed: readonly string[]): readonly string[] {
  const shipped = changed.filter((file) => SHIPPED.test(file));
  if (shipped.length === 0 || changed.some((file) => /^\.changeset\/(?!README).*\.md$/.test(file))) return [];
  return [`${shipped.length} shipped files changed (${shipped[0]}, …) and no changeset tells users: add one with npx changeset`];
}

async function changedSince(root: string, base: string): Promise<readonly string[] | undefined> {
  const { code, output } = await capture("git", ["diff", "--name-only", `${base}...HEAD`], root);
  return code === 0 ? output.split("\n").filter((line) => line !== "") : undefined;
}
