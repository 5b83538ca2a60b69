import { CatalogName } from "@sbx/contracts";
import * as z from "zod";

/** `catalog.json`: what is known of each catalog beside its file. Docker's form; `digest` is ours. */
export const CatalogIndex = z.looseObject({
  catalogs: z
    .record(CatalogName, z.looseObject({ displayName: z.string().nullish(), url: z.string().nullish(), lastUpdate: z.string().nullish(), digest: z.string().nullish() }))
    .nullish()
    .transform((value) => value ?? {}),
});
export type CatalogIndex = z.infer<typeof CatalogIndex>;
export type CatalogIndexEntry = CatalogIndex["catalogs"][string];
