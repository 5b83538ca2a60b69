import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@sbx/contracts";
import { PackageLock } from "./package-lock.ts";

/** Which package a lock is about. */
export type LockKey = Pick<PackageLock, "kind" | "package" | "packageVersion" | "architecture">;

/** Locks in files of their own, one for each exact version of a package. */
export class LockStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @throws AppError `CONFIG_INVALID` for a file that is no lock: what was installed is not known, and not guessed. */
  async find(key: LockKey): Promise<PackageLock | undefined> {
    const lock = await this.#read(this.#fileOf(key));
    if (lock === undefined || matches(lock, key)) return lock;
    throw broken(this.#fileOf(key), "it is about another package");
  }

  /** On the disk when it resolves. */
  async put(lock: PackageLock): Promise<void> {
    const file = this.#fileOf(lock);
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const handle = await open(`${file}.new`, "w", 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(lock, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${file}.new`, file);
  }

  /** Volumes that locks name; `undefined` when one cannot be read, and so no volume is known to be nobody's. */
  async volumes(): Promise<ReadonlySet<string> | undefined> {
    const names = (await readdir(this.#directory).catch((): string[] => [])).filter((name) => name.endsWith(".json"));
    try {
      const locks = await Promise.all(names.map((name) => this.#read(path.join(this.#directory, name))));
      return new Set(locks.flatMap((lock) => (lock === undefined ? [] : [lock.volume])));
    } catch (error) {
      if (AppError.is(error)) return undefined;
      throw error;
    }
  }

  #fileOf({ kind, package: name, packageVersion, architecture }: LockKey): string {
    const plain = `${name}@${packageVersion}`.replaceAll(/[^A-Za-z0-9@._-]/g, "-").slice(0, 100);
    const digest = createHash("sha256")
      .update(JSON.stringify([kind, name, packageVersion, architecture]))
      .digest("hex")
      .slice(0, 12);
    return path.join(this.#directory, `${kind}-${plain}-${digest}.json`);
  }

  async #read(file: string): Promise<PackageLock | undefined> {
    try {
      return PackageLock.parse(JSON.parse(await readFile(file, "utf8")));
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw broken(file, error instanceof Error ? error.message : String(error));
    }
  }
}

function matches(lock: PackageLock, key: LockKey): boolean {
  return lock.kind === key.kind && lock.package === key.package && lock.packageVersion === key.packageVersion && lock.architecture === key.architecture;
}

function broken(file: string, why: string): AppError {
  return new AppError("CONFIG_INVALID", { message: `${file} cannot be used: ${why}`, fix: `Move it away, and the package is installed as if for the first time: mv '${file}' '${file}.broken'` });
}
