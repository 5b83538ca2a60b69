import type { ServerConfig, ServerEntry } from "@sbx/contracts";

/** What is wrong with a server's configuration. */
export interface ConfigFault {
  /** Dotted path below the server's name; empty for the whole. */
  readonly key: string;
  readonly message: string;
}

/** What the person's commands ask about a server before it runs; the vault, the catalog's schemas and policy know. */
export interface ServerFacts {
  /** Required secrets of the entry that are not there or not bound to it, each with the command that mends it. */
  missingSecrets(entry: ServerEntry, catalog: string): Promise<readonly { readonly name: string; readonly fix: string }[]>;
  /** Give an enabled server the secrets that are its own; of the others that its entry names, say who would give them. */
  adoptSecrets(entry: ServerEntry, catalog: string): Promise<void>;
  configFaults(entry: ServerEntry, config: ServerConfig): readonly ConfigFault[];
  /** Why policy lets nobody run it; `undefined` when it may. */
  denied(entry: ServerEntry, catalog: string): string | undefined;
  /** Best first. */
  search(query: string): readonly ServerEntry[];
}
