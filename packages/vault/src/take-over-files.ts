import { constants } from "node:fs";
import { open, readdir, rmdir, unlink } from "node:fs/promises";
import path from "node:path";
import { Secret, type SecretVault, type VaultContent } from "@sbx/secret-injector";
import { syncDirectory } from "./private-file.ts";

/** Names as they were when each secret was a file: never a name that ends in `.new`, which was a file half written. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** What became of the files: names that are in the vault now, and files that stay because they could not be read. */
export interface TakenOver {
  readonly taken: readonly string[];
  readonly left: readonly string[];
}

interface Found {
  readonly name: string;
  readonly value: string;
  readonly at: string;
}

/**
 * Move secrets that lie unencrypted in files of a directory, one each, into the vault, and remove the files.
 *
 * A file goes only after the vault holds its value durably, so that a crash at any point loses nothing; after one, calling
 * this again ends the work. Where the vault has a newer value of a name, that one stays.
 *
 * @throws AppError `VAULT_LOCKED`; then the files stay as they are
 */
export async function takeOverFiles(vault: SecretVault, directory: string): Promise<TakenOver> {
  const listed = await namesIn(directory);
  if (listed === undefined) return { taken: [], left: [] };
  const names = listed.filter((name) => NAME.test(name));
  const found: Found[] = [];
  const left: string[] = [];
  for (const name of names) {
    const file = await readValue(path.join(directory, name)).catch(() => undefined);
    if (file === undefined) left.push(name);
    else found.push({ name, ...file });
  }
  if (found.length > 0) {
    await vault.update((content) => merge(content, found));
    for (const { name } of found) await unlink(path.join(directory, name));
    await syncDirectory(directory);
  }
  // Anything that is left in it keeps it.
  await rmdir(directory).catch(() => {});
  return { taken: found.map(({ name }) => name), left };
}

function merge(content: VaultContent, found: readonly Found[]): VaultContent {
  const secrets = new Map(content.secrets);
  for (const { name, value, at } of found) {
    const kept = secrets.get(name);
    if (value !== "" && (kept === undefined || kept.setAt < at)) secrets.set(name, { secret: new Secret(value), setAt: at });
  }
  return { ...content, secrets };
}

async function namesIn(directory: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw error;
  }
}

async function readValue(file: string): Promise<{ readonly value: string; readonly at: string } | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    return found.isFile() ? { value: (await handle.readFile("utf8")).trim(), at: found.mtime.toISOString() } : undefined;
  } finally {
    await handle.close();
  }
}
