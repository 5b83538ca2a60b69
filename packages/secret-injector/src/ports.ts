import type { HostBinding, SecretBinding, SecretSourceKind, VaultStatus } from "@sbx/contracts";
import type { Secret } from "./secret.ts";

/** What a vault holds, as one value: read whole, replaced whole. */
export interface VaultContent {
  readonly secrets: ReadonlyMap<string, { readonly secret: Secret; readonly setAt: string }>;
  /** To servers. */
  readonly bindings: readonly SecretBinding[];
  readonly hosts: readonly HostBinding[];
}

/**
 * Where secrets are kept, encrypted. A vault that cannot be opened stays as it is: nothing is read from it, and nothing is
 * written over it.
 */
export interface SecretVault {
  /** Empty when none was made yet. @throws AppError `VAULT_LOCKED` */
  read(): Promise<VaultContent>;
  /**
   * Replace the content by what `change` makes of it; what it gives back unchanged is not written. Durable when it resolves,
   * and no other change, of another process neither, is lost.
   *
   * @throws AppError `VAULT_LOCKED`, `DAEMON_BUSY`, or what `change` throws
   */
  update(change: (content: VaultContent) => VaultContent): Promise<void>;
  /** How it stands; never rejects for a vault that is locked. */
  status(): Promise<VaultStatus>;
}

/** Another place that secrets come from, such as a command; it is only read. */
export interface SecretSource {
  /** @throws AppError `CONFIG_INVALID`, or `CREDENTIAL_MISSING` when it knows the name and has no value now */
  find(name: string): Promise<Secret | undefined>;
  /** The names that it knows, and where each comes from. */
  names(): Promise<ReadonlyMap<string, Exclude<SecretSourceKind, "vault">>>;
}

/** When each secret was used last: nothing depends on it, and losing it loses nothing else. */
export interface SecretUses {
  used(name: string): void;
  lastUsed(name: string): string | undefined;
}
