import { fstatSync } from "node:fs";
import { libcFunction, mayWait, must } from "./libc.ts";

const F_DUPFD_CLOEXEC = 1030;
/** Duplicates stay clear of the first three, whatever is closed. */
const LOWEST = 3;
const LOCK_EX = 2;
const LOCK_NB = 4;

const close = libcFunction<(fd: number) => number>("int close(int fd)");
const fcntl = libcFunction<(fd: number, command: number, argument: number) => number>("int fcntl(int fd, int command, int argument)");

const flock = libcFunction<(fd: number, operation: number) => number>("int flock(int fd, int operation)");

/** Close a descriptor that belongs to nobody else. Never throws: whatever happens, it is not open afterwards. */
export function closeDescriptor(fd: number): void {
  close(fd);
}

/**
 * Lock an open file for this process alone, until the descriptor is closed or the process is gone, however it ends.
 *
 * @returns whether it was free. @throws SystemCallError where the file system has no locks
 */
export function lockFile(fd: number): boolean {
  return mayWait("flock", () => flock(fd, LOCK_EX | LOCK_NB)) !== undefined;
}

/** A second descriptor for the same open file, close-on-exec. @throws SystemCallError */
export function duplicateDescriptor(fd: number): number {
  return must("fcntl", () => fcntl(fd, F_DUPFD_CLOEXEC, LOWEST));
}

/** What tells one file from all others while it exists. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
  readonly uid: number;
  readonly gid: number;
  /** File type and permission bits. */
  readonly mode: number;
}

/** Who an open file is, whatever its name became meanwhile; works on `O_PATH` descriptors. @throws Error of Node's fs */
export function fileIdentity(fd: number): FileIdentity {
  const { dev, ino, uid, gid, mode } = fstatSync(fd, { bigint: true });
  return { device: dev, inode: ino, uid: Number(uid), gid: Number(gid), mode: Number(mode) };
}
