import { randomBytes } from "node:crypto";
import { KeychainSilent, type Keychain } from "./keychain.ts";
import { NotPrivate, readPrivate, replacePrivate } from "./private-file.ts";
import { KEY_BYTES, keyIdOf, type KeyPlace, type SealedHeader } from "./sealed-file.ts";

/** A key, and where it lies. */
export interface VaultKey {
  readonly key: Uint8Array;
  readonly place: KeyPlace;
}

/** The key of a vault cannot be had; the message says why, `fix` what its person can do about it. */
export class NoKey extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "NoKey" });
  }
  readonly fix: string;
  constructor(message: string, fix: string) {
    super(message);
    this.fix = fix;
  }
}

/** Where new keys go: into the keychain where one answers, else into a file; or always into one of the two. */
export type KeyChoice = "auto" | KeyPlace;

/** Keys by the place that a vault's header names. */
export interface KeyStore {
  /** @throws NoKey */
  load(header: SealedHeader): Promise<VaultKey>;
  /** A key for a vault that does not exist yet: the one whose vault a crash kept from being written, or a new one. @throws NoKey */
  make(): Promise<VaultKey>;
}

const accountOf = (keyId: string): string => `vault-${keyId}`;

export function createKeyStore({ file, keychain, choice }: { readonly file: string; readonly keychain: Keychain; readonly choice: KeyChoice }): KeyStore {
  return {
    load: async ({ place, keyId }) => {
      const key = place === "file" ? await fromFile(file) : await fromKeychain(keychain, keyId);
      if (key === undefined) throw missing(place, file);
      if (keyIdOf(key) !== keyId)
        throw new NoKey(
          `the key in ${place === "file" ? file : "the keychain"} is not the one that it was locked with`,
          place === "file" ? `Put the right key back into ${file}.` : "Bring back the keychain's entry.",
        );
      return { key, place };
    },
    make: async () => {
      const left = choice === "keychain" ? undefined : await fromFile(file);
      if (left !== undefined) return { key: left, place: "file" };
      const key = randomBytes(KEY_BYTES);
      if (choice !== "file") {
        const silent = await intoKeychain(keychain, key);
        if (silent === undefined) return { key, place: "keychain" };
        if (choice === "keychain") throw new NoKey(`the keychain does not answer: ${silent.message}`, "Unlock the keychain, or let the key be in a file with: SBX_VAULT_KEY=file");
      }
      await replacePrivate(file, Buffer.from(`${key.toString("hex")}\n`));
      return { key, place: "file" };
    },
  };
}

/** Store it and read it again: a keychain that forgets at once is none. @returns why there is none */
async function intoKeychain(keychain: Keychain, key: Buffer): Promise<KeychainSilent | undefined> {
  const account = accountOf(keyIdOf(key));
  try {
    await keychain.store(account, key.toString("hex"));
    return (await keychain.load(account)) === key.toString("hex") ? undefined : new KeychainSilent("it does not give back what it was given");
  } catch (error) {
    if (error instanceof KeychainSilent) return error;
    throw error;
  }
}

async function fromKeychain(keychain: Keychain, keyId: string): Promise<Uint8Array | undefined> {
  try {
    const text = await keychain.load(accountOf(keyId));
    return text === undefined ? undefined : decode(text, "the keychain");
  } catch (error) {
    if (error instanceof KeychainSilent)
      throw new NoKey(
        `its key is in the keychain, which does not answer: ${error.message}`,
        "Unlock the keychain. A daemon that was started where there is none, over ssh for example, is ended with sbx daemon stop; the next command starts another.",
      );
    throw error;
  }
}

async function fromFile(file: string): Promise<Uint8Array | undefined> {
  try {
    const bytes = await readPrivate(file);
    return bytes === undefined ? undefined : decode(bytes.toString("latin1"), file);
  } catch (error) {
    if (error instanceof NotPrivate) throw new NoKey(`its key ${file} is not to be trusted: ${error.message}`, `Put the right key back into ${file}, as a file of mode 600 that is yours.`);
    throw error;
  }
}

function decode(text: string, where: string): Uint8Array {
  const hex = /^([0-9a-f]{64})\n?$/.exec(text)?.[1];
  if (hex === undefined) throw new NoKey(`what is in ${where} is no key`, `Put the right key back into ${where}.`);
  return Buffer.from(hex, "hex");
}

function missing(place: KeyPlace, file: string): NoKey {
  return place === "file" ? new NoKey(`its key ${file} is gone`, `Put the key back into ${file}.`) : new NoKey("the keychain has its key no more", "Bring back the keychain's entry of sbx.");
}
