import { readFile } from "node:fs/promises";
import path from "node:path";
import { planServer, readCatalog } from "@sbx/catalog";
import { it } from "vitest";
import { builtInServers, withBuiltInTable } from "../src/built-in-document.ts";

it("docs/catalog.md has the table that npm run catalog:table writes", async ({ expect }) => {
  const document = await readFile(path.join(import.meta.dirname, "../../../docs/catalog.md"), "utf8");
  expect(withBuiltInTable(document, await builtInServers())).toBe(document);
});

it("docs/catalog.md shows a catalog that is read and planned as it says", async ({ expect }) => {
  const document = await readFile(path.join(import.meta.dirname, "../../../docs/catalog.md"), "utf8");
  const [, example = ""] = /```yaml\n([^]*?)```/.exec(document) ?? [];
  const { servers, warnings } = readCatalog(example);
  expect(warnings).toEqual([]);
  expect(servers.map((entry) => planServer(entry, { project: "APP" }))).toMatchObject([
    { args: ["--project=APP"], env: { TICKETS_URL: "https://tickets.example.org/api" }, network: { destinations: [{ to: "tickets.example.org:443", fromConfig: false }] } },
  ]);
});
