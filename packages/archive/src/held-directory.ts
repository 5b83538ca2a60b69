import { closeSync, constants, fchmodSync, fstatSync, lstatSync, mkdirSync, openSync, readdirSync, readlinkSync, renameSync, symlinkSync, unlinkSync, type Stats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

/** What a name in a directory is, never what a link leads to. */
export type EntryKind = "file" | "directory" | "link" | "other" | "missing";

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * A directory of this machine, held by its descriptor: it stays the same one whatever is renamed or linked over its name.
 * Everything in it is named by one part of a path, and no link is followed. Disposing closes it.
 *
 * The kernel takes `/proc/self/fd/N/NAME` for NAME in the directory itself: what `openat` and its fellows do.
 */
export class HeldDirectory implements Disposable {
  /** -1 once it was closed: the number may be another file's by then. */
  #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The root directory of this machine. */
  static root(): HeldDirectory {
    return new HeldDirectory(openSync("/", DIRECTORY));
  }

  get stat(): Stats {
    return fstatSync(this.#fd);
  }

  /** Another hold on the same directory. */
  again(): HeldDirectory {
    return new HeldDirectory(openSync(`/proc/self/fd/${this.#fd}/.`, DIRECTORY));
  }

  /** @throws ErrnoException `ELOOP` or `ENOTDIR` for a link or what is no directory */
  directory(name: string): HeldDirectory {
    return new HeldDirectory(openSync(this.#at(name), DIRECTORY));
  }

  kindOf(name: string): EntryKind {
    const stat = lstatSync(this.#at(name), { throwIfNoEntry: false });
    if (stat === undefined) return "missing";
    if (stat.isFile()) return "file";
    if (stat.isDirectory()) return "directory";
    return stat.isSymbolicLink() ? "link" : "other";
  }

  statOf(name: string): Stats {
    return lstatSync(this.#at(name));
  }

  /** Names in it, as bytes: not every name is text. */
  names(): readonly Buffer[] {
    return readdirSync(`/proc/self/fd/${this.#fd}`, { encoding: "buffer" });
  }

  readLink(name: string): string {
    return readlinkSync(this.#at(name));
  }

  /** Make a directory that only its owner may enter. */
  makeDirectory(name: string): void {
    mkdirSync(this.#at(name), { mode: 0o700 });
  }

  setMode(mode: number): void {
    fchmodSync(this.#fd, mode);
  }

  makeLink(name: string, target: string): void {
    symlinkSync(target, this.#at(name));
  }

  /** Open an ordinary file to read. What is no file any more is not waited for. */
  async openFile(name: string): Promise<FileHandle> {
    return open(this.#at(name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY);
  }

  /** Make a file that was not there. */
  async createFile(name: string): Promise<FileHandle> {
    return open(this.#at(name), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  }

  /** Put what is under one name in the place of another, at once. A link there is replaced, not followed. */
  rename(from: string, to: string): void {
    renameSync(this.#at(from), this.#at(to));
  }

  /** Remove what is no directory. */
  remove(name: string): void {
    unlinkSync(this.#at(name));
  }

  [Symbol.dispose](): void {
    if (this.#fd !== -1) closeSync(this.#fd);
    this.#fd = -1;
  }

  #at(name: string): string {
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) throw new Error(`"${name}" is no name in a directory`);
    return `/proc/self/fd/${this.#fd}/${name}`;
  }
}
