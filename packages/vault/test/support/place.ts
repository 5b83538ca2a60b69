import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { Secret, type SecretVault } from "@sbx/secret-injector";
import { KeychainSilent, openVault, type Keychain, type KeyChoice } from "../../src/index.ts";

/** A keychain in memory; `silent` makes it one that does not answer. */
export interface FakeKeychain extends Keychain {
  readonly entries: Map<string, string>;
  silent: boolean;
  loads: number;
}

export function createFakeKeychain({ silent = false }: { readonly silent?: boolean } = {}): FakeKeychain {
  const keychain: FakeKeychain = {
    entries: new Map(),
    silent,
    loads: 0,
    load: (account) => {
      keychain.loads += 1;
      return keychain.silent ? Promise.reject(new KeychainSilent("nobody is there")) : Promise.resolve(keychain.entries.get(account));
    },
    store: (account, value) => {
      if (keychain.silent) return Promise.reject(new KeychainSilent("nobody is there"));
      keychain.entries.set(account, value);
      return Promise.resolve();
    },
  };
  return keychain;
}

/** A directory of its own for one vault. */
export interface Place extends Disposable {
  readonly directory: string;
  readonly file: string;
  readonly keyFile: string;
  readonly keychain: FakeKeychain;
  open(keyChoice?: KeyChoice): SecretVault;
}

export function aPlace(keychain = createFakeKeychain({ silent: true })): Place {
  const root = mkdtempSync(path.join(tmpdir(), "sbx-vault-"));
  const directory = path.join(root, "state");
  return {
    directory,
    file: path.join(directory, "vault"),
    keyFile: path.join(directory, "vault.key"),
    keychain,
    open: (keyChoice = "auto") => openVault({ directory, keychain, keyChoice }),
    [Symbol.dispose]: () => {
      rmSync(root, { recursive: true, force: true });
    },
  };
}

export async function put(vault: SecretVault, name: string, value: string, setAt = "2026-01-02T03:04:05.000Z"): Promise<void> {
  await vault.update((content) => ({ ...content, secrets: new Map(content.secrets).set(name, { secret: new Secret(value), setAt }) }));
}

export async function valueOf(vault: SecretVault, name: string): Promise<string | undefined> {
  return (await vault.read()).secrets.get(name)?.secret.reveal();
}

export async function failure(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (AppError.is(error)) return error;
  throw new Error(`expected an AppError, got ${String(error)}`);
}
