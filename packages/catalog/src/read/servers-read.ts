import type { ServerEntry } from "@sbx/contracts";
import type { CatalogWarning } from "../document/read-source.ts";

/** What a document gave: its servers, in its order, and what was left out or changed and why. */
export interface ServersRead {
  readonly servers: readonly ServerEntry[];
  readonly warnings: readonly CatalogWarning[];
}

/** How readers speak of what they read. */
export interface ReadOptions {
  /** How the document is called in messages. */
  readonly file?: string;
}
