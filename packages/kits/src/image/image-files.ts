import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { lstat, mkdir, open, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError, checkTarHeaders } from "@sbx/contracts";
import { extract } from "tar-stream";
import { refusedImage } from "./refused-image.ts";

/** Largest file of an image, and of all together, in bytes. */
const MAX_BYTES = 8 * 1024 ** 3;
const MAX_FILES = 1000;
/** A document of an image; a blob larger than this is a layer. */
const MAX_DOCUMENT = 4 << 20;
/** No link is followed, and nothing is waited for. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Every name that a layout or an engine's archive has. None of them leads anywhere. */
const NAME = /^(?:oci-layout|index\.json|manifest\.json|[0-9a-f]{64}\.json|[0-9a-f]{64}\/layer\.tar|blobs\/sha256\/[0-9a-f]{64})$/;

/** Files of an image that lie in a directory of this machine, by the names that the layout has for them. */
export class ImageFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The text of a small file; `undefined` when it is not there. @throws AppError `KIT_INVALID` */
  async text(name: string): Promise<string | undefined> {
    await using file = await this.#open(name);
    if (file === undefined) return undefined;
    const { size } = await file.stat();
    if (size > MAX_DOCUMENT) throw refusedImage(`${name} is larger than a document of an image`);
    return await file.readFile("utf8");
  }

  /** The text of a blob that is what its digest says. @throws AppError `KIT_INVALID` */
  async document(digest: string): Promise<string> {
    const text = await this.text(blobName(digest));
    if (text === undefined) throw refusedImage(`${digest} is not in it`);
    if (`sha256:${createHash("sha256").update(text).digest("hex")}` !== digest) throw refusedImage(`${digest} is not what its name says`);
    return text;
  }

  /** A file's bytes, and the first four of them. @throws AppError `KIT_INVALID` */
  async bytes(name: string): Promise<{ readonly head: Buffer; readonly stream: Readable }> {
    const file = await this.#open(name);
    if (file === undefined) throw refusedImage(`${name} is not in it`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return { head: buffer.subarray(0, bytesRead), stream: file.createReadStream({ start: 0 }) };
  }

  /** No link is followed: what is read of an image lies in it. */
  async #open(name: string): Promise<FileHandle | undefined> {
    if (!NAME.test(name)) throw refusedImage(`it names a file ${JSON.stringify(name)}`);
    let at = this.#directory;
    for (const part of name.split("/")) {
      at = path.join(at, part);
      const found = await lstat(at).catch(() => undefined);
      if (found === undefined) return undefined;
      if (found.isSymbolicLink()) throw refusedImage(`${name} is a link`);
    }
    const file = await open(at, READ);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw refusedImage(`${name} is no file`);
  }
}

/** The name of a blob. */
export function blobName(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/** Take an archive of an image apart into a directory: the files that an image has, and nothing else. @throws AppError `KIT_INVALID` */
export async function unpackArchive(archive: string, directory: string): Promise<void> {
  const reader = extract();
  const reading = pipeline((await open(archive, READ)).createReadStream(), (tar: AsyncIterable<Buffer>) => checkTarHeaders(tar), reader);
  reading.catch(() => undefined);
  const budget = { files: MAX_FILES, bytes: MAX_BYTES };
  try {
    for await (const entry of reader) {
      const { name: written, type, size } = entry.header;
      if (type !== "file" && type !== "directory") throw refusedImage(`its archive has ${JSON.stringify(written)}, which is neither a file nor a directory`);
      budget.files -= 1;
      budget.bytes -= size;
      if (budget.files < 0 || budget.bytes < 0) throw refusedImage(`its archive has more than ${MAX_FILES} files or ${MAX_BYTES} bytes`);
      const name = written.replace(/^\.\//, "");
      if (type === "file" && NAME.test(name)) await keep(Readable.from(entry), path.join(directory, name));
      else Readable.from(entry).resume();
    }
    await reading;
  } catch (error) {
    throw AppError.is(error) ? error : refusedImage(`it is neither a directory in OCI's layout nor an archive of one (${error instanceof Error ? error.message : String(error)})`);
  } finally {
    reader.destroy();
  }
}

/** What is there already is not replaced: a name stands once in an archive. */
async function keep(from: Readable, target: string): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  const to = await open(target, "wx", 0o600).catch((error: unknown) => {
    throw error instanceof Error && "code" in error && error.code === "EEXIST" ? refusedImage("its archive has a name twice") : error;
  });
  await pipeline(from, to.createWriteStream());
}
