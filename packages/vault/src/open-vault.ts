import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { AppError, type VaultStatus } from "@sbx/contracts";
import type { SecretVault, VaultContent } from "@sbx/secret-injector";
import { decodeContent, EMPTY, encodeContent } from "./content.ts";
import { createKeyStore, NoKey, type KeyChoice, type KeyStore, type VaultKey } from "./key-store.ts";
import type { Keychain } from "./keychain.ts";
import { NotPrivate, readPrivate, replacePrivate } from "./private-file.ts";
import { NotSealed, readHeader, seal, unseal } from "./sealed-file.ts";
import { withWriteLock } from "./write-lock.ts";

const NONCE_BYTES = 12;
/** How long a write waits for another's; that one may be asking a keychain. */
const PATIENCE_MS = 15_000;

/** Where a vault lies, and where its key may. */
export interface OpenVault {
  /** Holds `vault`, and `vault.key` where no keychain has the key; made with mode 0700 when it is not there. */
  readonly directory: string;
  readonly keychain: Keychain;
  /** Where a new vault's key goes. A vault that exists says itself where its key is. */
  readonly keyChoice?: KeyChoice;
  readonly patienceMs?: number;
}

/**
 * The encrypted file in which secrets and their bindings are kept, made at the first write.
 *
 * A vault whose key is missing or wrong, or of which a single bit was changed, is `VAULT_LOCKED` and stays as it is. It is
 * read anew at each call, so that what another process wrote holds at once; a key of the keychain is asked for once, and
 * again before each write.
 */
export function openVault({ directory, keychain, keyChoice = "auto", patienceMs = PATIENCE_MS }: OpenVault): SecretVault {
  const file = path.join(directory, "vault");
  const keyFile = path.join(directory, "vault.key");
  const keys = createKeyStore({ file: keyFile, keychain, choice: keyChoice });
  const known: Known = { keys, file, remembered: new Map() };
  const read = async (): Promise<Opened | undefined> => await openFile(known, { afresh: false });
  return {
    read: async () => (await read())?.content ?? EMPTY,
    update: async (change) => {
      await writing(file, async () => {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await withWriteLock(`${file}.lock`, patienceMs, async () => {
          const opened = await openFile(known, { afresh: true });
          const before = opened?.content ?? EMPTY;
          const after = change(before);
          if (after === before) return;
          const { key, place } = opened?.key ?? (await locking(file, () => keys.make()));
          await replacePrivate(file, seal(encodeContent(after), { key, place, nonce: randomBytes(NONCE_BYTES) }));
        });
      });
    },
    status: async (): Promise<VaultStatus> => {
      try {
        const opened = await read();
        if (opened === undefined) return { state: "absent", file };
        const { place } = opened.key;
        return { state: "open", file, key: place, ...(place === "file" ? { keyFile } : {}) };
      } catch (error) {
        if (AppError.is(error)) return { state: "locked", file, message: error.message, fix: error.fix };
        throw error;
      }
    },
  };
}

interface Opened {
  readonly content: VaultContent;
  readonly key: VaultKey;
}

interface Known {
  readonly keys: KeyStore;
  readonly file: string;
  /** Keys of the keychain, by id: asking takes a process, and may take a person. */
  readonly remembered: Map<string, VaultKey>;
}

/** `undefined` when there is no vault. @throws AppError `VAULT_LOCKED` */
async function openFile({ keys, file, remembered }: Known, { afresh }: { readonly afresh: boolean }): Promise<Opened | undefined> {
  return await locking(file, async () => {
    const bytes = await readPrivate(file);
    if (bytes === undefined) return undefined;
    const header = readHeader(bytes);
    const key = (afresh ? undefined : remembered.get(header.keyId)) ?? (await keys.load(header));
    const content = decodeContent(unseal(bytes, key.key));
    if (key.place === "keychain") remembered.set(header.keyId, key);
    return { content, key };
  });
}

/** Every way in which a vault does not open is told as one: it is locked, and nothing was done to it. */
async function locking<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (AppError.is(error)) throw error;
    const { why, mend } = explain(error);
    throw new AppError("VAULT_LOCKED", {
      message: `The vault ${file} stays locked: ${why}`,
      fix: `${mend} If that cannot be done, move it away and set your secrets again: mv '${file}' '${file}.locked'`,
    });
  }
}

/** A full disk or a directory that cannot be written is no fault of ours: what the vault held, it holds. */
async function writing(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (AppError.is(error) || !(error instanceof Error && "syscall" in error)) throw error;
    throw new AppError("VAULT_LOCKED", {
      message: `The vault ${file} cannot be written: ${error.message}`,
      fix: "See whether its disk is full and who may write there. What it held is unchanged.",
      cause: error,
    });
  }
}

/** Of errors that are not ours only those of system calls are told: a parser may quote what it parsed, which was secret. */
function explain(error: unknown): { readonly why: string; readonly mend: string } {
  if (error instanceof NoKey) return { why: error.message, mend: error.fix };
  if (error instanceof NotSealed || error instanceof NotPrivate) return { why: error.message, mend: "Put it back as it was, from a backup." };
  if (error instanceof Error && "syscall" in error) return { why: error.message, mend: "See what keeps the daemon from the file." };
  return { why: "what it holds is of another version", mend: "Use the version of sbx that wrote it." };
}
