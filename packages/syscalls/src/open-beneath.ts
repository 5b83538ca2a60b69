import { constants } from "node:fs";
import { libcFunction, must } from "./libc.ts";

const OPENAT2 = 437;
const O_CLOEXEC = 0o2000000;
/** Open a file as a place only: no reading, no writing, no device is woken. */
export const O_PATH = 0o10000000;
const RESOLVE_NO_XDEV = 0x01;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_BENEATH = 0x08;

const openat2 = libcFunction<(number: number, directory: number, path: string, how: Buffer, size: number) => number>(
  "long syscall(long number, long directory, const char *path, const void *how, long size)",
);

/** How a path is opened beneath a directory; what is not said is refused, except the crossing of mounts. */
export interface OpenBeneath {
  /** Flags of `open`, such as `fs.constants.O_RDONLY | fs.constants.O_DIRECTORY` or {@link O_PATH}. Close-on-exec is added. */
  readonly flags: number;
  /** Permission bits of a file that is made; only with `O_CREAT`. */
  readonly mode?: number;
  /** Whether a part of the path may be a link; none may by default. Links never lead out of the directory. */
  readonly followLinks?: boolean;
  /** Whether the path may cross into another mount; it may by default. */
  readonly crossMounts?: boolean;
}

/**
 * Open `path` inside the directory that `directory` is open on, and nowhere else, whatever is renamed meanwhile.
 *
 * Linux 5.6.
 *
 * @throws SystemCallError, `ELOOP` for a link, `EXDEV` for a path that leads out
 */
export function openBeneath(directory: number, path: string, { flags, mode = 0, followLinks = false, crossMounts = true }: OpenBeneath): number {
  if (path.includes("\0")) throw new Error("a path has no zero in it");
  const resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (followLinks ? 0 : RESOLVE_NO_SYMLINKS) | (crossMounts ? 0 : RESOLVE_NO_XDEV);
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(flags & constants.O_CREAT ? mode : 0), 8);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  return must("openat2", () => openat2(OPENAT2, directory, path, how, how.byteLength));
}
