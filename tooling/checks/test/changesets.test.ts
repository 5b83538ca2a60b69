import { test } from "vitest";
import { changesetFindings, presenceFindings } from "../src/check-changesets.ts";

const NAMES = new Set(["sbx", "@sbx/core"]);
const findings = (text: string): readonly string[] => changesetFindings("x.md", text, NAMES);

test("a changeset with a title, a body and a known package is fine", ({ expect }) => {
  expect(findings('---\n"sbx": patch\n"@sbx/core": minor\n---\n\nKeep the terminal usable\n\nIt stayed in raw mode.\n')).toEqual([]);
});

test.for<readonly [string, string]>([
  ["begins with no list", "Keep the terminal usable\n"],
  ["names no package", "---\n---\n\nKeep it\n\nBecause.\n"],
  ["is no published package", '---\n"@sbx/nobody": patch\n---\n\nKeep it\n\nBecause.\n'],
  ["is neither major, minor nor patch", '---\n"sbx": huge\n---\n\nKeep it\n\nBecause.\n'],
  ["without prefix", '---\n"sbx": patch\n---\n\nfix: keep it\n\nBecause.\n'],
  ["full stop", '---\n"sbx": patch\n---\n\nKeep it.\n\nBecause.\n'],
  ["says nothing below", '---\n"sbx": patch\n---\n\nKeep it\n'],
])("finds in a changeset: %s", ([what, text], { expect }) => {
  expect(findings(text)).toEqual([expect.stringContaining(what)]);
});

test("a branch that changes what is shipped needs a changeset, others do not", ({ expect }) => {
  expect(presenceFindings(["apps/cli/src/main.ts"])).toHaveLength(1);
  expect(presenceFindings(["apps/cli/src/main.ts", ".changeset/README.md"])).toHaveLength(1);
  expect(presenceFindings(["apps/cli/src/main.ts", ".changeset/quiet-days.md"])).toEqual([]);
  expect(presenceFindings(["apps/cli/test/main.test.ts", "README.md"])).toEqual([]);
});
