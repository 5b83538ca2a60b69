import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BUILT_IN_CATALOG } from "@sbx/catalog";
import { catalogOfText } from "./catalog-format.ts";
import type { BuiltInCatalog, CatalogFilesParts } from "./catalog-files.ts";

/** The catalog that this version brings along, read when it is first asked for. */
export function builtInCatalog(): CatalogFilesParts["builtIn"] {
  let kept: BuiltInCatalog | undefined;
  return { name: BUILT_IN_CATALOG, read: () => (kept ??= readBuiltIn()) };
}

function readBuiltIn(): BuiltInCatalog {
  const file = fileURLToPath(import.meta.resolve("@sbx/catalog/catalogs/builtin.yaml"));
  const { title, servers, warnings } = catalogOfText(readFileSync(file, "utf8"), file);
  if (warnings.length > 0) throw new Error(`the built-in catalog is broken: ${warnings.join("; ")}`);
  return { title: title ?? BUILT_IN_CATALOG, servers };
}
