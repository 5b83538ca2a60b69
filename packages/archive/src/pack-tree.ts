import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError } from "@sbx/contracts";
import { pack, type Pack } from "tar-stream";
import type { HeldDirectory } from "./held-directory.ts";
import type { LeftOut } from "./left-out.ts";

const MAX_DEPTH = 256;
/** Latest time that the plain form of a tar's header can say. */
const MAX_SECONDS = 0x7fff_ffff;

/** What of this machine is packed, and under which name. */
export interface PackTree {
  readonly parent: HeldDirectory;
  readonly name: string;
  /** Name of the tar's root; "." for what is in a directory, without the directory itself. */
  readonly as: string;
  readonly signal: AbortSignal;
}

export interface PackedTree {
  /** Breaks off with an error when a file could not be read to its end. */
  readonly tar: Readable;
  /** What is no file, directory or link; complete when the stream has ended. */
  readonly leftOut: readonly LeftOut[];
}

/** Pack a file or a tree of this machine. Links are packed as links and never followed, whatever is swapped meanwhile. */
export function packTree({ parent, name, as, signal }: PackTree): PackedTree {
  const tar = pack();
  const leftOut: LeftOut[] = [];
  const held = parent.again();
  const work = async (): Promise<void> => {
    using directory = held;
    await new Packer({ tar, leftOut, signal }).add(directory, name, { as, depth: 0 });
    tar.finalize();
  };
  work().catch((error: unknown) => {
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  // A stream of the same shape as Node's own, from the library that tar-stream is made with.
  return { tar: tar as unknown as Readable, leftOut };
}

type Header = Parameters<Pack["entry"]>[0];

interface At {
  readonly as: string;
  readonly depth: number;
}

interface PackerParts {
  readonly tar: Pack;
  readonly leftOut: LeftOut[];
  readonly signal: AbortSignal;
}

class Packer {
  readonly #parts: PackerParts;

  constructor(parts: PackerParts) {
    this.#parts = parts;
  }

  async add(directory: HeldDirectory, name: string, at: At): Promise<void> {
    this.#parts.signal.throwIfAborted();
    const kind = directory.kindOf(name);
    if (kind === "missing") return;
    if (kind === "other") this.#parts.leftOut.push({ path: at.as, why: "it is no file, directory or link" });
    else if (kind === "directory") await this.#directory(directory, name, at);
    else if (kind === "link") await this.#entry({ ...common(directory.statOf(name), at), type: "symlink", linkname: directory.readLink(name) });
    else await this.#file(directory, name, at);
  }

  async #directory(directory: HeldDirectory, name: string, at: At): Promise<void> {
    if (at.depth >= MAX_DEPTH) throw new AppError("PATH_REFUSED", { message: `"${at.as}" is too deep`, fix: "Copy a part of it." });
    using held = directory.directory(name);
    if (at.as !== ".") await this.#entry({ ...common(held.stat, at), type: "directory" });
    for (const bytes of held.names()) {
      const child = textOf(bytes);
      const as = at.as === "." ? (child ?? "") : `${at.as}/${child ?? ""}`;
      if (child === undefined) this.#parts.leftOut.push({ path: `${at.as}/${bytes.toString("latin1")}`, why: "its name is no text" });
      else await this.add(held, child, { as, depth: at.depth + 1 });
    }
  }

  async #file(directory: HeldDirectory, name: string, at: At): Promise<void> {
    await using file = await directory.openFile(name);
    const stat = await file.stat();
    if (!stat.isFile()) {
      this.#parts.leftOut.push({ path: at.as, why: "it is no file, directory or link" });
      return;
    }
    const header: Header = { ...common(stat, at), type: "file", size: stat.size };
    if (stat.size === 0) await this.#entry(header);
    else await this.#content(header, file, stat.size);
  }

  /** Exactly as many bytes as the header says: a file that grows is cut, one that shrinks ends the copy. */
  async #content(header: Header, file: FileHandle, size: number): Promise<void> {
    const { signal, tar } = this.#parts;
    const sink = tar.entry(header);
    await pipeline(file.createReadStream({ autoClose: false, start: 0, end: size - 1 }), sink, { signal });
  }

  async #entry(header: Header): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error | null): void => {
        if (error) reject(error);
        else resolve();
      };
      // An empty file has a content all the same, and waits for it.
      if (header.type === "file") this.#parts.tar.entry(header, "", done);
      else this.#parts.tar.entry(header, done);
    });
  }
}

/** No owner: what is unpacked belongs to whoever unpacks it. Bits that give rights stay here. */
function common({ mode, mtimeMs }: Stats, { as }: At): Header {
  return { name: as, mode: mode & 0o777, uid: 0, gid: 0, mtime: new Date(Math.min(Math.max(0, Math.floor(mtimeMs / 1000)), MAX_SECONDS) * 1000) };
}

function textOf(bytes: Buffer): string | undefined {
  const text = bytes.toString("utf8");
  return Buffer.from(text).equals(bytes) ? text : undefined;
}
