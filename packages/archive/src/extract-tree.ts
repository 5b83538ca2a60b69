import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError } from "@sbx/contracts";
import { extract, type Extract } from "tar-stream";
import { checkedTar } from "./checked-tar.ts";
import { entryPath } from "./entry-path.ts";
import { HeldDirectory } from "./held-directory.ts";
import type { LeftOut } from "./left-out.ts";
import { Budget, DEFAULT_LIMITS, type ArchiveLimits } from "./limits.ts";
import { leadsThroughForeign, whyLinkLeadsOut } from "./link-target.ts";

/** What others may never do with a file that came out of a sandbox, and bits that give away rights. */
const KEPT_MODE = 0o755;

/** Where and how a tar stream is unpacked on this machine. */
export interface ExtractTree {
  /** Destroyed in every case. */
  readonly source: Readable;
  /** Nothing is written outside of it. */
  readonly into: HeldDirectory;
  /** The stream's own root, and what it is called here; absent for a stream whose entries lie in `into` as they are. */
  readonly root?: { readonly expected: string; readonly name: string };
  readonly limits?: ArchiveLimits;
  readonly signal: AbortSignal;
}

/** What was written. Paths are relative to the directory that was unpacked into. */
export interface ExtractReport {
  readonly files: number;
  readonly directories: number;
  readonly links: number;
  readonly bytes: number;
  readonly leftOut: readonly LeftOut[];
}

/**
 * Unpack a tar stream that nobody vouches for.
 *
 * Every file is written under a name of its own beside its place and put there when it is whole. No link is followed and
 * none is made that leads out; devices, FIFOs and bits that give rights are left out. A name that goes out ends it all.
 * After a failure what was whole stays, and nothing half written.
 *
 * @throws AppError `ARCHIVE_REFUSED`, `PATH_REFUSED`; the signal's reason; the error of the source
 */
export async function extractTree(request: ExtractTree): Promise<ExtractReport> {
  const { source, signal } = request;
  const tar = extract();
  const fed = pipeline(source, checkedTar, tar, { signal });
  // Told below, or of no interest beside what went wrong first.
  fed.catch(() => undefined);
  const writer = new TreeWriter(request);
  try {
    for await (const entry of tar) await writer.take(entry);
    await fed;
  } catch (error) {
    signal.throwIfAborted();
    throw isOurs(error) ? error : (source.errored ?? notWhole(error));
  } finally {
    source.destroy();
    tar.destroy();
  }
  return writer.report();
}

/** Whether it went wrong here, and not on the way: the source then breaks off because nobody reads it any more. */
function isOurs(error: unknown): boolean {
  return AppError.is(error) || (error instanceof Error && "syscall" in error);
}

/** A tar that breaks the format is what a sandbox sent, no bug of ours. */
function notWhole(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return new AppError("ARCHIVE_REFUSED", { message: `What came is no whole tar stream: ${error.message}`, fix: "Copy again.", cause: error });
}

type Entry = Extract extends AsyncIterable<infer One> ? One : never;

class TreeWriter {
  readonly #into: HeldDirectory;
  readonly #root: ExtractTree["root"];
  readonly #budget: Budget;
  readonly #leftOut: LeftOut[] = [];
  readonly #made = new Map<string, string>();
  readonly #counts = { files: 0, directories: 0, links: 0 };

  constructor({ into, root, limits = DEFAULT_LIMITS }: ExtractTree) {
    this.#into = into;
    this.#root = root;
    this.#budget = new Budget(limits);
  }

  report(): ExtractReport {
    return { ...this.#counts, bytes: this.#budget.bytes, leftOut: this.#leftOut };
  }

  async take(entry: Entry): Promise<void> {
    const { header } = entry;
    this.#budget.entry();
    const way = this.#placed(entryPath(header.name));
    const name = way.at(-1);
    if (name === undefined) {
      entry.resume();
      return;
    }
    using parent = this.#directory(way.slice(0, -1));
    switch (header.type) {
      case "file":
      case "contiguous-file":
        await this.#file(entry, { parent, name });
        return;
      case "directory":
        this.#directoryOf(parent, { name, mode: header.mode });
        break;
      case "symlink":
        this.#link(parent, way, header.linkname || "");
        break;
      case "link":
        await this.#copy(entryPath(header.linkname || ""), { parent, name });
        break;
      default:
        this.#leave(way, "it is no file, directory or link");
    }
    entry.resume();
  }

  /** Names as they are here. @throws AppError `ARCHIVE_REFUSED` for what is not of the root that was asked for */
  #placed(parts: readonly string[]): readonly string[] {
    if (this.#root === undefined) return parts;
    const [first, ...rest] = parts;
    if (first === this.#root.expected) return [this.#root.name, ...rest];
    throw new AppError("ARCHIVE_REFUSED", { message: `The tar stream has "${first ?? "."}", and "${this.#root.expected}" was asked for`, fix: "Copy again; then look at what is in the sandbox." });
  }

  /** The directory at a way, made where it is not there. @throws AppError `PATH_REFUSED` for a way through a link */
  #directory(way: readonly string[]): HeldDirectory {
    let held = this.#into.again();
    for (const part of way) {
      try {
        const next = this.#makeDirectory(held, part);
        held[Symbol.dispose]();
        held = next;
      } catch (error) {
        held[Symbol.dispose]();
        throw error;
      }
    }
    return held;
  }

  /** One that was here already keeps its mode: what is private stays private. */
  #directoryOf(parent: HeldDirectory, { name, mode }: { readonly name: string; readonly mode: number }): void {
    const isNew = parent.kindOf(name) === "missing";
    using made = this.#makeDirectory(parent, name);
    if (isNew) made.setMode((mode & KEPT_MODE) | 0o700);
  }

  #makeDirectory(parent: HeldDirectory, name: string): HeldDirectory {
    const kind = parent.kindOf(name);
    if (kind === "missing") {
      parent.makeDirectory(name);
      this.#counts.directories += 1;
    } else if (kind !== "directory") throw inTheWay(name, kind === "link" ? "a link, which is not followed" : "no directory");
    return parent.directory(name);
  }

  async #file(entry: Entry, place: Place): Promise<void> {
    const { mode, mtime, size } = entry.header;
    this.#budget.take(size);
    await this.#write(entry as AsyncIterable<Buffer>, { ...place, size, mode, mtime });
  }

  /** A hard link becomes a copy: a name more for a file that is here already would be changed with it. */
  async #copy(target: readonly string[], place: Place): Promise<void> {
    const way = this.#placed(target);
    const name = way.at(-1);
    if (name === undefined) return;
    using parent = this.#directory(way.slice(0, -1));
    if (parent.kindOf(name) !== "file") {
      this.#leave([place.name], "it is a second name of what is no file here");
      return;
    }
    await using from = await parent.openFile(name);
    const stat = await from.stat();
    if (!stat.isFile()) return;
    this.#budget.take(stat.size);
    const bytes = from.createReadStream({ autoClose: false, start: 0, end: Math.max(0, stat.size - 1) });
    await this.#write(stat.size === 0 ? [] : (bytes as AsyncIterable<Buffer>), { ...place, size: stat.size, mode: stat.mode, mtime: stat.mtime });
  }

  async #write(bytes: AsyncIterable<Buffer> | Iterable<Buffer>, { parent, name, size, mode, mtime }: FileToWrite): Promise<void> {
    if (parent.kindOf(name) === "directory") throw inTheWay(name, "a directory");
    const temporary = `.sbx-cp-${randomBytes(9).toString("hex")}`;
    const file = await parent.createFile(temporary);
    try {
      let written = 0;
      for await (const chunk of bytes) {
        written += chunk.byteLength;
        if (written > size) break;
        await file.writeFile(chunk);
      }
      if (written !== size) throw new AppError("ARCHIVE_REFUSED", { message: `"${name}" is not as long as the tar stream says`, fix: "Copy again." });
      await file.chmod(mode & KEPT_MODE);
      if (!Number.isNaN(mtime.getTime())) await file.utimes(mtime, mtime);
      parent.rename(temporary, name);
    } catch (error) {
      parent.remove(temporary);
      throw error;
    } finally {
      await file.close();
    }
    this.#counts.files += 1;
  }

  #link(parent: HeldDirectory, way: readonly string[], target: string): void {
    const from = way.slice(0, -1);
    const why =
      whyLinkLeadsOut({ depth: from.length - (this.#root === undefined ? 0 : 1), target }) ??
      (leadsThroughForeign(this.#into, { from, target, made: this.#made }) ? "it leads through a link that was here already" : undefined);
    if (why !== undefined) {
      this.#leave(way, why);
      return;
    }
    const name = way.at(-1) ?? "";
    if (parent.kindOf(name) === "directory") throw inTheWay(name, "a directory");
    const temporary = `.sbx-cp-${randomBytes(9).toString("hex")}`;
    parent.makeLink(temporary, target);
    try {
      parent.rename(temporary, name);
    } catch (error) {
      parent.remove(temporary);
      throw error;
    }
    this.#made.set(way.join("/"), target);
    this.#counts.links += 1;
  }

  #leave(way: readonly string[], why: string): void {
    this.#leftOut.push({ path: way.join("/"), why });
  }
}

interface Place {
  readonly parent: HeldDirectory;
  readonly name: string;
}

interface FileToWrite extends Place {
  readonly size: number;
  readonly mode: number;
  readonly mtime: Date;
}

function inTheWay(name: string, what: string): AppError {
  return new AppError("PATH_REFUSED", { message: `"${name}" is here already and is ${what}`, fix: "Move it away, or copy to another place." });
}
