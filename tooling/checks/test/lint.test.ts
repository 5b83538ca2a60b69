import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "vitest";
import { capture } from "../src/run-tool.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const lines = (count: number, line: string): string => Array.from({ length: count }, () => line).join("\n");

interface Fault {
  /** As oxlint names it, between the brackets of its unix format. */
  readonly rule: string;
  readonly text: string;
  /** Where the fault is planted; a file of an adapter unless said otherwise. */
  readonly file?: string;
}

const FAULTS: readonly Fault[] = [
  { rule: "eslint(max-lines)", text: lines(401, "export {};") },
  { rule: "eslint(max-lines-per-function)", text: `export function f(): void {\n${lines(81, "  void 0;")}\n}` },
  {
    rule: "eslint(complexity)",
    text: `export const f = (n: number): string => {\n${Array.from({ length: 12 }, (_none, index) => `  if (n === ${index}) return "${index}";`).join("\n")}\n  return "";\n};`,
  },
  { rule: "eslint(max-params)", text: "export const f = (a: number, b: number, c: number, d: number): number => a + b + c + d;" },
  { rule: "eslint(max-depth)", text: "export function f(a: boolean): number {\n  if (a) { if (a) { if (a) { if (a) return 1; } } }\n  return 0;\n}" },
  { rule: "typescript(no-explicit-any)", text: "export const f = (a: any): number => Number(a);" },
  { rule: "typescript(no-non-null-assertion)", text: "export const f = (a: string | undefined): number => a!.length;" },
  { rule: "typescript(no-floating-promises)", text: "export function f(a: Promise<void>): void { a; a.then(() => undefined); }" },
  { rule: "typescript(no-unsafe-member-access)", text: "export const f = (a: string): string => String(JSON.parse(a).b);" },
  { rule: "typescript(switch-exhaustiveness-check)", text: 'export function f(a: "x" | "y"): number {\n  switch (a) {\n    case "x":\n      return 1;\n  }\n  return 2;\n}' },
  { rule: "typescript(only-throw-error)", text: 'export function f(): never { throw "text"; }' },
  { rule: "typescript(ban-ts-comment)", text: "// @ts-expect-error\nexport const x: number = 'x';" },
  { rule: "eslint(no-console)", text: 'console.log("x");' },
  { rule: "unicorn(no-process-exit)", text: "process.exit(1);" },
  { rule: "eslint(no-restricted-properties)", text: "export const x = process.env;" },
  { rule: "eslint(no-restricted-properties)", text: "export const f = (key: { reveal(): string }): string => key.reveal();" },
  { rule: "eslint(no-restricted-properties)", text: 'import { vi } from "vitest";\nvi.mock("../src/x.ts");', file: "packages/workspace/test/planted.test.ts" },
  { rule: "eslint(no-restricted-imports)", text: 'import { connect } from "node:net";\nexport const x = connect;', file: "packages/egress-policy/src/planted-connect.ts" },
  { rule: "eslint(no-restricted-imports)", text: 'import { randomBytes } from "node:crypto";\nexport const x = randomBytes;', file: "packages/secret-injector/src/planted-random.ts" },
  { rule: "eslint(no-restricted-globals)", text: 'export const x = fetch("http://example.org");', file: "packages/sandbox-core/src/planted-fetch.ts" },
  { rule: "import(no-default-export)", text: "export default 1;" },
];

/** A tree with nothing in it but our rules and one planted file per fault. */
async function plantAll(faults: readonly (Fault & { readonly file: string })[]): Promise<string> {
  const place = await mkdtemp(path.join(tmpdir(), "sbx-lint-"));
  await Promise.all(
    [".oxlintrc.json", "tsconfig.json", "package.json", "tooling/tsconfig/base.json"].map(async (name) => {
      await cp(path.join(ROOT, name), path.join(place, name));
    }),
  );
  await symlink(path.join(ROOT, "node_modules"), path.join(place, "node_modules"));
  for (const { file, text } of faults) {
    await mkdir(path.dirname(path.join(place, file)), { recursive: true });
    await writeFile(path.join(place, file), `${text}\n`);
  }
  return place;
}

describe("the lint rules", () => {
  test("each see a fault planted against them", { timeout: 60_000 }, async ({ expect }) => {
    const faults = FAULTS.map((fault, index) => ({ ...fault, file: fault.file ?? `packages/workspace/src/planted-${index}.ts` }));
    const place = await plantAll(faults);
    try {
      const { output } = await capture(path.join(ROOT, "node_modules/.bin/oxlint"), ["--format=unix"], place);
      const found = output.split("\n");
      const unseen = faults.filter(({ rule, file }) => !found.some((line) => line.startsWith(`${file}:`) && line.includes(rule)));
      expect(unseen.map(({ rule, file }) => `${rule} in ${file}`)).toEqual([]);
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  });
});
