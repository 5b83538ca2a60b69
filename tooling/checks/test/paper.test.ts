import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "vitest";
import { brokenReferences } from "../src/document-links.ts";
import { documentedShare } from "../src/documented-exports.ts";
import { errorsDocument } from "../src/errors-document.ts";
import { trackedFiles } from "../src/tracked-files.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");

test("docs/errors.md is what the table of problems says", async ({ expect }) => {
  expect(await readFile(path.join(ROOT, "docs/errors.md"), "utf8")).toBe(errorsDocument());
});

test("links and places that exist are fine, others are found with their line", ({ expect }) => {
  const text = "see [docs](docs/errors.md#top), [web](https://example.org) and `packages/contracts/src`\n\nor [gone](docs/gone.md) and `apps/gone/` but not `a/b`\n";
  expect(brokenReferences(ROOT, [{ path: "X.md", text }])).toEqual(["X.md:3: docs/gone.md does not exist", "X.md:3: apps/gone/ does not exist"]);
});

test("a link is followed from the document's own folder", ({ expect }) => {
  expect(brokenReferences(ROOT, [{ path: "docs/x.md", text: "[a](errors.md) [b](docs/errors.md)" }])).toEqual(["docs/x.md:1: docs/errors.md does not exist"]);
});

test("every document of the repository names only what exists", async ({ expect }) => {
  const documents = (await trackedFiles(ROOT)).filter((file) => /^(?:[A-Z]+\.md|docs\/.*\.md)$/.test(file.path));
  expect(documents.map((file) => file.path)).toContain("README.md");
  expect(brokenReferences(ROOT, documents)).toEqual([]);
});

test("the share of documented exports counts exports, not packages", ({ expect }) => {
  expect(
    documentedShare([
      { name: "a", exports: 9, missing: [] },
      { name: "b", exports: 1, missing: ["x"] },
    ]),
  ).toBe(0.9);
  expect(documentedShare([])).toBe(1);
});
