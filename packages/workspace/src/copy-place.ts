import { copyFile, constants, chmod, lchown, mkdir, readdir, readlink, symlink, writeFile } from "node:fs/promises";
import { openIn, type OpenPlace } from "./open-place.ts";

/** How much of one protected path is copied. */
const COPY_LIMITS = { entries: 5000, bytes: 64 << 20 } as const;

export interface CopyOptions {
  /** Who reads the copy. Applied only when the daemon may give files away. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** Whether a path below the copied one, relative to it, is left empty. */
  readonly empty: (path: string) => boolean;
}

interface Work extends CopyOptions {
  entries: number;
  bytes: number;
}

/**
 * Copy a file or directory that is held open to `target`, which must not exist. No link is followed: links are copied as
 * links, which lead to whatever is there inside. Setuid and setgid bits are dropped; sockets, pipes and devices are left out.
 *
 * @returns false when it is larger than {@link COPY_LIMITS}; what was copied then is of no use
 */
export async function copyPlace(place: OpenPlace, target: string, options: CopyOptions): Promise<boolean> {
  return copyEntry({ place, path: "", target }, { ...options, entries: 0, bytes: 0 });
}

interface Entry {
  readonly place: OpenPlace;
  readonly path: string;
  readonly target: string;
}

async function copyEntry({ place, path, target }: Entry, work: Work): Promise<boolean> {
  work.entries += 1;
  work.bytes += place.kind === "file" ? place.sizeBytes : 0;
  if (work.entries > COPY_LIMITS.entries || work.bytes > COPY_LIMITS.bytes) return false;
  const empty = path !== "" && work.empty(path);
  if (place.kind === "file") {
    if (empty) await writeFile(target, "");
    else if (!(await copyContent(place, target))) return true;
    await settle(target, (place.mode & 0o777) | 0o400, work);
  } else if (place.kind === "directory") {
    await mkdir(target, { mode: 0o700 });
    if (!empty && !(await copyChildren({ place, path, target }, work))) return false;
    // Whoever is not root takes the copy away again, which nobody writes: it is mounted read-only.
    await settle(target, (place.mode & 0o777) | 0o700, work);
  }
  return true;
}

/** Copy what the descriptor holds; false when it cannot be read. */
async function copyContent(place: OpenPlace, target: string): Promise<boolean> {
  try {
    await copyFile(place.path, target, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EACCES") return false;
    throw error;
  }
}

async function copyChildren({ place, path, target }: Entry, work: Work): Promise<boolean> {
  for (const name of await readdir(place.path)) {
    const child = openIn(place, name);
    if (typeof child === "string") continue;
    using held = child;
    if (held.kind === "link") {
      await symlink(await readlink(`${place.path}/${name}`), `${target}/${name}`);
      continue;
    }
    if (!(await copyEntry({ place: held, path: path === "" ? name : `${path}/${name}`, target: `${target}/${name}` }, work))) return false;
  }
  return true;
}

async function settle(target: string, mode: number, { owner }: CopyOptions): Promise<void> {
  await chmod(target, mode);
  if (owner !== undefined) await lchown(target, owner.uid, owner.gid);
}
