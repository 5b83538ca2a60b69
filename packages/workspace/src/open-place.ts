import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { O_PATH, openBeneath, SystemCallError } from "@sbx/syscalls";

/** What tells one file from all others while it exists, in decimal. */
export interface Identity {
  readonly dev: string;
  readonly ino: string;
}

export type PlaceKind = "directory" | "file" | "link" | "special";

/**
 * A file or directory of the host, held by descriptor: it stays the same one whatever is renamed or linked over its
 * name. Disposing closes it.
 */
export class OpenPlace implements Disposable {
  readonly fd: number;
  readonly kind: PlaceKind;
  readonly identity: Identity;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly sizeBytes: number;

  constructor(fd: number) {
    const stat = fstatSync(fd, { bigint: true });
    this.fd = fd;
    this.kind = stat.isDirectory() ? "directory" : stat.isFile() ? "file" : stat.isSymbolicLink() ? "link" : "special";
    this.identity = { dev: String(stat.dev), ino: String(stat.ino) };
    this.uid = Number(stat.uid);
    this.gid = Number(stat.gid);
    this.mode = Number(stat.mode) & 0o7777;
    this.sizeBytes = Number(stat.size);
  }

  /** A path of this process that leads to the place itself, for calls of Node that take no descriptor. */
  get path(): string {
    return `/proc/self/fd/${this.fd}`;
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

/** Why a place could not be opened: nothing is there, or a part of the way is a link. */
export type NoPlace = "missing" | "through-link";

/** Open what `path` names inside `directory` without following a link anywhere. The last part may be a link itself: kind `link`. */
export function openIn(directory: OpenPlace, path: string, flags: number = O_PATH | constants.O_NOFOLLOW): OpenPlace | NoPlace {
  try {
    return new OpenPlace(openBeneath(directory.fd, path === "" ? "." : path, { flags }));
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return "missing";
    if (error.code === "ELOOP") return "through-link";
    throw error;
  }
}

/** Open an absolute path without following a link anywhere. */
export function openAbsolute(path: string): OpenPlace | NoPlace {
  using root = new OpenPlace(openSync("/", constants.O_DIRECTORY | constants.O_RDONLY));
  return openIn(root, path.replace(/^\/+/u, ""));
}

/** The first lines of an ordinary file inside `directory`, at most `maxBytes`; `undefined` when there is none to read. */
export function readIn(directory: OpenPlace, path: string, maxBytes: number): string | undefined {
  try {
    const place = openIn(directory, path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY);
    if (typeof place === "string") return undefined;
    using file = place;
    if (file.kind !== "file") return undefined;
    const buffer = Buffer.alloc(Math.min(maxBytes, Math.max(file.sizeBytes, 1)));
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) read = readSync(file.fd, buffer, length, buffer.length - length, null);
    return buffer.toString("utf8", 0, length);
  } catch (error) {
    if (error instanceof SystemCallError) return undefined;
    throw error;
  }
}
