import { createHash } from "node:crypto";
import { Duplex, Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { AppError, checkTarHeaders } from "@sbx/contracts";
import { extract, type Header } from "tar-stream";
import type { ImageFiles } from "./image-files.ts";
import type { ImageLayer } from "./open-image.ts";
import { refusedImage } from "./refused-image.ts";

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const MAX_PATH = 4096;
/** No bit of a mode that gives rights to who runs a file. */
const MODE_BITS = 0o1777;

/** How much may still come out of the layers of one image. */
export interface LayerBudget {
  entries: number;
  bytes: number;
}

/** An entry of a layer in a form that can do no harm: a clean path, no rights by running, nothing but files, directories and links. */
export interface LayerEntry {
  readonly path: string;
  /** `nothing` is a device, a FIFO and their like: it hides what lies below it, and is not taken over itself. */
  readonly type: "file" | "directory" | "symlink" | "link" | "nothing";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Of a link: as it is for one by name, a clean path for one to a file. */
  readonly target: string;
}

/**
 * Go through the entries of a layer in order; the body has to be read or resumed before the next. Ends only when the layer is
 * what both its digests say.
 *
 * @throws AppError `KIT_INVALID` for a path out of the image, or more than the budget
 */
export async function* readLayer(files: ImageFiles, { file, digest, diffId }: ImageLayer, budget: LayerBudget): AsyncGenerator<{ readonly entry: LayerEntry; readonly body: Readable }> {
  const { head, stream } = await files.bytes(file);
  const reader = extract();
  const steps = [...(digest === undefined ? [] : [check(digest)]), ...unpacking(head), spend(budget), check(diffId)];
  const whole = pipeline([stream, ...steps, Duplex.from((tar: AsyncIterable<Buffer>) => checkTarHeaders(tar)), reader]);
  whole.catch(() => undefined);
  try {
    for await (const one of reader) {
      budget.entries -= 1;
      if (budget.entries < 0) throw refusedImage("its layers have more entries than they may");
      yield { entry: entryOf(one.header), body: Readable.from(one) };
    }
    await whole;
  } catch (error) {
    throw AppError.is(error) ? error : refusedImage(`a layer cannot be read (${error instanceof Error ? error.message : String(error)})`);
  } finally {
    stream.destroy();
    reader.destroy();
  }
}

function unpacking(head: Buffer): readonly Transform[] {
  if (head.subarray(0, GZIP.length).equals(GZIP)) return [createGunzip()];
  return head.equals(ZSTD) ? [createZstdDecompress()] : [];
}

/** Let bytes pass, and fail at their end where they are not what the digest says. */
function check(digest: string): Transform {
  const hash = createHash("sha256");
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      const found = `sha256:${hash.digest("hex")}`;
      done(found === digest ? null : refusedImage(`a layer is ${found}, and was to be ${digest}`));
    },
  });
}

function spend(budget: LayerBudget): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      budget.bytes -= chunk.length;
      done(budget.bytes < 0 ? refusedImage("its layers hold more than they may") : null, chunk);
    },
  });
}

function entryOf({ name, type: written, mode, uid, gid, size, linkname }: Header): LayerEntry {
  const type: LayerEntry["type"] = written === "file" || written === "directory" || written === "symlink" || written === "link" ? written : "nothing";
  const common = { path: cleanPath(name), type, mode: mode & MODE_BITS, uid: idOf(uid), gid: idOf(gid), size: type === "file" ? size : 0 };
  return { ...common, target: type === "symlink" ? leadsTo(name, linkname) : type === "link" ? cleanPath(linkname) : "" };
}

function leadsTo(name: string, target: string): string {
  if (target === "" || target.length > MAX_PATH || /\p{Cc}/u.test(target)) throw refusedImage(`the link ${JSON.stringify(name)} leads nowhere`);
  return target;
}

function cleanPath(name: string): string {
  const parts = name
    .replace(/^\/+/, "")
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  if (name.length > MAX_PATH || parts.includes("..") || /\p{Cc}/u.test(name)) throw refusedImage(`a layer has the path ${JSON.stringify(name)}`);
  return parts.join("/");
}

function idOf(id: number): number {
  if (!Number.isInteger(id) || id < 0 || id > 0x7fff_ffff) throw refusedImage(`a layer has an owner ${id}`);
  return id;
}
