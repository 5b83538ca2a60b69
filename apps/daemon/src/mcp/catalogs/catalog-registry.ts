import type { CatalogView } from "@sbx/contracts";
import type { CatalogTransport } from "../oci/catalog-transport.ts";
import type { CatalogFiles } from "./catalog-files.ts";
import { catalogOfText } from "./catalog-format.ts";
import type { CatalogService } from "./catalog-service.ts";

/** Catalogs that lie in registries of images. */
export interface CatalogRegistry {
  pull(reference: string, signal: AbortSignal): Promise<{ readonly catalog: CatalogView; readonly notes: string[] }>;
  push(name: string, signal: AbortSignal): Promise<{ readonly digest: string; readonly notes: string[] }>;
}

interface Parts {
  readonly files: CatalogFiles;
  readonly catalogs: CatalogService;
  readonly transport: CatalogTransport;
}

/** A catalog's name is its reference, without a digest. */
export function createCatalogRegistry({ files, catalogs, transport }: Parts): CatalogRegistry {
  return {
    async pull(reference, signal) {
      const { text, digest, notes } = await transport.pull(reference, signal);
      const { title } = catalogOfText(text, reference);
      const [name = reference] = reference.split("@");
      const catalog = files.put(name, text, { displayName: title ?? name, url: `oci:${reference}`, digest });
      return { catalog, notes: [...notes] };
    },
    async push(name, signal) {
      const { digest, notes } = await transport.push(name, catalogs.export(name, "registry"), signal);
      if (!files.isBuiltIn(name)) files.describe(name, { digest });
      return { digest, notes: [...notes] };
    },
  };
}
