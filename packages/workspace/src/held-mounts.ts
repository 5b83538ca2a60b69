import { closeSync } from "node:fs";
import { mkdir, readFile, rm, rmdir, readdir, writeFile } from "node:fs/promises";
import { AppError } from "@sbx/contracts";
import { isWithin } from "@sbx/core";
import { attachTree, cloneTree, mapTreeIds, SystemCallError, unmount } from "@sbx/syscalls";
import type { IdSwap } from "./id-map.ts";
import { openAbsolute, type Identity, type OpenPlace } from "./open-place.ts";
import type { UserNamespaces } from "./user-namespaces.ts";

/** A mount of ours, and what is seen at its path by one who does not see the mount. */
export interface HeldMount {
  readonly path: string;
  readonly under: Identity;
}

/**
 * Mounts of places in people's workspaces that the daemon holds in a directory of its own, made from descriptors: the
 * engine gets a source that no sandbox can write or replace. Needs root.
 *
 * The directory must lie where nothing is ever removed recursively: below it are people's files.
 */
export class HeldMounts {
  readonly #directory: string;
  readonly #namespaces: UserNamespaces;

  constructor(directory: string, namespaces: UserNamespaces) {
    this.#directory = directory;
    this.#namespaces = namespaces;
  }

  /**
   * Mount `place` once more, at a path of ours with this name, its ids swapped if asked.
   *
   * @throws AppError `PLATFORM_UNSUPPORTED` when ids cannot be swapped here; SystemCallError when nothing can be mounted
   */
  async mount(place: OpenPlace, { name, swap }: { readonly name: string; readonly swap: IdSwap | undefined }): Promise<HeldMount> {
    const path = `${this.#directory}/${name}`;
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    if (place.kind === "directory") await mkdir(path, { recursive: true, mode: 0o700 });
    else await writeFile(path, "", { mode: 0o600 });
    const opened = openAbsolute(path);
    if (typeof opened === "string") throw new Error(`${path} is ${opened}`);
    using under = opened;
    const tree = cloneTree(place.fd, { recursive: swap === undefined });
    try {
      if (swap !== undefined) this.#swapIds(tree, await this.#namespaces.of(swap));
      attachTree(tree, under.fd);
    } finally {
      closeSync(tree);
    }
    return { path, under: under.identity };
  }

  /** Take away every mount that this directory holds, and the directory. Says by throwing when one stays. */
  async clear(): Promise<void> {
    for (const path of (await mountsBelow(this.#directory)).toReversed()) unmount(path, { lazy: true });
    const left = await mountsBelow(this.#directory);
    if (left.length > 0) throw new AppError("WORKSPACE_UNSAFE", { message: `The mount ${left[0] ?? ""} could not be taken away`, fix: `Take it away by hand: umount -l '${left[0] ?? ""}'` });
    // One by one: a recursive removal that met a mount would remove a person's files.
    for (const entry of await readdir(this.#directory, { withFileTypes: true }).catch(() => [])) {
      if (entry.isDirectory()) await rmdir(`${this.#directory}/${entry.name}`);
      else await rm(`${this.#directory}/${entry.name}`);
    }
    await rmdir(this.#directory).catch((error: unknown) => {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    });
  }

  #swapIds(tree: number, namespace: number): void {
    try {
      mapTreeIds(tree, namespace);
    } catch (cause) {
      if (!(cause instanceof SystemCallError)) throw cause;
      throw new AppError("PLATFORM_UNSUPPORTED", {
        message: `A workspace that belongs to root, or a workload with a user of its own (sbx@1), needs a mount with mapped ids, and this kernel or file system has none (${cause.code})`,
        fix: "Work on another file system (ext4, XFS, Btrfs, tmpfs); one of root's can be given to an ordinary user: chown -R 1000:1000 <workspace>",
        cause,
      });
    }
  }
}

/** Mount points at or below a directory, in the order in which they were mounted. */
async function mountsBelow(directory: string): Promise<readonly string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return lines
    .map((line) => (line.split(" ")[4] ?? "").replaceAll(/\\([0-7]{3})/gu, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))))
    .filter((path) => path !== "" && isWithin(path, directory));
}
