import { readFile } from "node:fs/promises";
import path from "node:path";
import { it } from "vitest";
import { builtInServers, withBuiltInTable } from "../src/built-in-document.ts";

it("docs/catalog.md has the table that npm run catalog:table writes", async ({ expect }) => {
  const document = await readFile(path.join(import.meta.dirname, "../../../docs/catalog.md"), "utf8");
  expect(withBuiltInTable(document, await builtInServers())).toBe(document);
});
