import { libcFunction, must } from "./libc.ts";

/** Numbers of calls that C libraries have no function for; the same on x64 and arm64. */
const OPEN_TREE = 428;
const MOVE_MOUNT = 429;
const MOUNT_SETATTR = 442;

const AT_FDCWD = -100;
const AT_RECURSIVE = 0x8000;
const AT_EMPTY_PATH = 0x1000;
const AT_SYMLINK_NOFOLLOW = 0x100;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const MOVE_MOUNT_F_EMPTY_PATH = 0x4;
const MOUNT_ATTR_IDMAP = 0x10_0000n;
const UMOUNT_NOFOLLOW = 8;
const MNT_DETACH = 2;

const openTreeCall = libcFunction<(number: number, directory: number, path: string, flags: number) => number>("long syscall(long number, long directory, const char *path, long flags)");
const setAttributesCall = libcFunction<(number: number, tree: number, path: string, flags: number, attributes: Buffer, size: number) => number>(
  "long syscall(long number, long tree, const char *path, long flags, const void *attributes, long size)",
);
const moveMountCall = libcFunction<(number: number, from: number, fromPath: string, to: number, toPath: string, flags: number) => number>(
  "long syscall(long number, long from, const char *fromPath, long to, const char *toPath, long flags)",
);
const umount2 = libcFunction<(path: string, flags: number) => number>("int umount2(const char *path, int flags)");

/** A directory by a descriptor (also an `O_PATH` one), or by an absolute path. */
export type Place = number | string;

/**
 * Copy the mount at `place` to a detached one, that nobody sees yet, and give its descriptor.
 *
 * A path's last part is not followed if it is a link. `recursive` takes the mounts below along.
 *
 * @throws SystemCallError, `EPERM` without CAP_SYS_ADMIN
 */
export function cloneTree(place: Place, { recursive = false }: { readonly recursive?: boolean } = {}): number {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW | (recursive ? AT_RECURSIVE : 0);
  const { directory, path, empty } = at(place);
  return must("open_tree", () => openTreeCall(OPEN_TREE, directory, path, flags | (empty ? AT_EMPTY_PATH : 0)));
}

/**
 * Show the files of a detached mount under other ids: those of the user namespace that `userNamespace` is open on.
 *
 * @throws SystemCallError, `EINVAL` where the kernel (before 5.12) or the file system cannot
 */
export function mapTreeIds(tree: number, userNamespace: number): void {
  const attributes = Buffer.alloc(32);
  attributes.writeBigUInt64LE(MOUNT_ATTR_IDMAP, 0);
  attributes.writeBigUInt64LE(BigInt(userNamespace), 24);
  must("mount_setattr", () => setAttributesCall(MOUNT_SETATTR, tree, "", AT_EMPTY_PATH, attributes, attributes.byteLength));
}

/** Mount a detached tree at the directory `target`. A path must have no link in its last part. @throws SystemCallError */
export function attachTree(tree: number, target: Place): void {
  const { directory, path, empty } = at(target);
  const MOVE_MOUNT_T_EMPTY_PATH = 0x40;
  must("move_mount", () => moveMountCall(MOVE_MOUNT, tree, "", directory, path, MOVE_MOUNT_F_EMPTY_PATH | (empty ? MOVE_MOUNT_T_EMPTY_PATH : 0)));
}

/** Take the mount at `path` away; a link is not followed. `lazy` also where it is in use. @throws SystemCallError, `EINVAL` where nothing is mounted */
export function unmount(path: string, { lazy = false }: { readonly lazy?: boolean } = {}): void {
  must("umount2", () => umount2(path, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)));
}

function at(place: Place): { readonly directory: number; readonly path: string; readonly empty: boolean } {
  return typeof place === "number" ? { directory: place, path: "", empty: true } : { directory: AT_FDCWD, path: place, empty: false };
}
