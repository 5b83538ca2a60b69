import type { TrackedFile } from "./tracked-files.ts";

interface Rule {
  readonly name: string;
  readonly pattern: RegExp;
}

const TESTS = /\.test\.ts$/;

/**
 * Domains of package registries, a label each: which one is used is the business of each machine's own configuration.
 * They stand apart here so that this file, too, names no host.
 */
export const REGISTRIES: readonly string[] = [
  ["npmjs", "org"],
  ["yarnpkg", "com"],
  ["pypi", "org"],
  ["pythonhosted", "org"],
  ["crates", "io"],
  ["proxy", "golang", "org"],
  ["maven", "org"],
  ["deb", "debian", "org"],
  ["jfrog", "io"],
  ["pkg", "dev"],
].map((labels) => labels.join("."));

/** What no file may hold. Each is looked for line by line. */
const RULES: readonly Rule[] = [
  { name: "a path of one machine", pattern: /(?<![\w.$}/-])\/(?:work|Users\/[a-z]\w*|tmp\/bash_jobs[\w.]*)\/[\w.-]+/ },
  { name: "the host of a package registry", pattern: new RegExp(`(?<![\\w-])(?:[\\w-]+[.])*(?:${REGISTRIES.map((host) => host.replaceAll(".", "[.]")).join("|")})(?![\\w-])`) },
  { name: "a note to do something, without its issue", pattern: /\b(?:TODO|FIXME|XXX|HACK)\b(?!.*#\d)/ },
  { name: "a rule that is switched off without a reason", pattern: /(?:ox|es)lint-disable(?!.* -- \S)/ },
  { name: "an error of the compiler that is hushed", pattern: /@ts-(?:ignore|nocheck)\b/ },
  { name: "a merge that was not finished", pattern: /^(?:<{7}|>{7}) / },
];

/** Looked for in test files only. A test may be skipped on a condition (`skipIf`, `runIf`), and says the condition in its title. */
const TEST_RULES: readonly Rule[] = [
  { name: "a test that is skipped without a condition", pattern: /\b(?:test|it|describe)\.(?:skip|todo|fails)\(/ },
  { name: "a conditional test whose title does not say the condition in brackets", pattern: /\b(?:test|it|describe)\.(?:skipIf|runIf)\((?!.*\)\(["'`].*\(.+\).*["'`])/ },
  { name: "a test that keeps the others from running", pattern: /\b(?:test|it|describe)\.only\(/ },
  { name: "a test that is tried again until it is green", pattern: /\bretry:\s*[1-9]/ },
];

/** These name what they forbid; the lock file is not written by hand. */
const NOT_LOOKED_AT = /^tooling\/checks\/(?:src|test)\/hygiene|^STYLE\.md$|(?:^|\/)pnpm-lock\.yaml$/;

/** Every line that breaks a rule, as `file:line: what`. */
export function hygieneFindings(files: readonly TrackedFile[]): readonly string[] {
  return files.filter((file) => !NOT_LOOKED_AT.test(file.path)).flatMap((file) => (TESTS.test(file.path) ? [...RULES, ...TEST_RULES] : RULES).flatMap((rule) => findingsOf(rule, file)));
}

function findingsOf({ name, pattern }: Rule, file: TrackedFile): readonly string[] {
  return file.text.split("\n").flatMap((line, index) => (pattern.test(line) ? [`${file.path}:${index + 1}: ${name}: ${line.trim().slice(0, 120)}`] : []));
}
