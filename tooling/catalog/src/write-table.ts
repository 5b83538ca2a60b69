import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { builtInServers, withBuiltInTable } from "./built-in-document.ts";

const document = path.join(import.meta.dirname, "../../../docs/catalog.md");
await writeFile(document, withBuiltInTable(await readFile(document, "utf8"), await builtInServers()));
