import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import type { ContextFile } from "../src/context-file.ts";
import { recipeHash, type RecipeContent } from "../src/recipe-hash.ts";

const recipe = (change: Partial<RecipeContent> = {}): RecipeContent => ({ dockerfile: "FROM x\n", files: [], facts: {}, ...change });
const text = (path: string, content: string): ContextFile => ({ kind: "text", path, text: content });

test("the same recipe has the same name, in whatever order its facts come", async ({ expect }) => {
  const one = await recipeHash(recipe({ facts: { a: "1", b: "2" } }));
  expect(one).toMatch(/^[0-9a-f]{16}$/);
  expect(await recipeHash(recipe({ facts: { b: "2", a: "1" } }))).toBe(one);
});

test("any change of what goes in changes the name", async ({ expect }) => {
  const names = await Promise.all(
    [
      recipe(),
      recipe({ dockerfile: "FROM x\n\n" }),
      recipe({ facts: { a: "1" } }),
      recipe({ facts: { a: "2" } }),
      recipe({ files: [text("a", "1")] }),
      recipe({ files: [text("a", "2")] }),
      recipe({ files: [text("b", "1")] }),
      recipe({ files: [{ kind: "link", path: "a", target: "1" }] }),
      recipe({ files: [{ kind: "directory", path: "a" }] }),
    ].map(recipeHash),
  );
  expect(new Set(names).size).toBe(names.length);
});

test("two recipes cannot share a name by moving text from one part to the next", async ({ expect }) => {
  const left = await recipeHash(recipe({ files: [text("a", "bc")] }));
  const right = await recipeHash(recipe({ files: [text("ab", "c")] }));
  expect(left).not.toBe(right);
  expect(await recipeHash(recipe({ facts: { a: "b" } }))).not.toBe(await recipeHash(recipe({ files: [text("a", "b")] })));
});

test("a file counts by what is in it and by whether it can be run", async ({ expect, onTestFinished }) => {
  const directory = await mkdtemp(join(tmpdir(), "sbx-hash-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const source = join(directory, "f");
  await writeFile(source, "one");
  const file: ContextFile = { kind: "file", path: "f", source, sizeBytes: 3, executable: false };
  const one = await recipeHash(recipe({ files: [file] }));
  expect(await recipeHash(recipe({ files: [{ ...file, executable: true }] }))).not.toBe(one);
  await writeFile(source, "two");
  expect(await recipeHash(recipe({ files: [file] }))).not.toBe(one);
});
