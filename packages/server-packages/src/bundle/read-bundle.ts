import { createHash } from "node:crypto";
import { AppError } from "@sbx/contracts";
import { hasControlCharacter, isPlainRelative } from "@sbx/core";
import yauzl, { type Entry, type ZipFile } from "yauzl";
import * as z from "zod";

/** A file of a bundle. */
export interface BundleFile {
  /** Relative, with forward slashes, without empty, `.` or `..` parts. */
  readonly path: string;
  readonly executable: boolean;
  readonly bytes: Buffer;
}

/** A bundle that was read whole and checked. */
export interface Bundle {
  readonly files: readonly BundleFile[];
  readonly runtime: "node" | "python" | "binary";
  /** Path of the file that is run; one of `files`. */
  readonly entryPoint: string;
  readonly version: string;
}

export interface BundleLimits {
  readonly entries: number;
  /** Of all files together, unpacked. */
  readonly bytes: number;
  /** How many bytes one packed byte may become, of a file that is not small. */
  readonly ratio: number;
}
const BUNDLE_LIMITS: BundleLimits = { entries: 50_000, bytes: 1024 ** 3, ratio: 200 };
const SMALL_BYTES = 1 << 20;
const MAX_PATH = 1000;
const MAX_MANIFEST_BYTES = 1 << 20;

const TYPE = 0o170000;
const DIRECTORY = 0o040000;
const REGULAR = 0o100000;

const Manifest = z.object({ version: z.string().max(100).default(""), server: z.object({ type: z.enum(["node", "python", "binary", "uv"]), entry_point: z.string().min(1).max(MAX_PATH) }) });

/**
 * Read an MCP bundle: a zip with a `manifest.json`. Links, devices, paths that lead out, two files of one name, encrypted
 * files and what grows out of proportion are refused, before anything of it is written anywhere.
 *
 * @throws AppError `SERVER_FAILED`
 */
export async function readBundle(bytes: Buffer, sha256: string, limits: BundleLimits = BUNDLE_LIMITS): Promise<Bundle> {
  const digest = createHash("sha256").update(bytes).digest("hex");
  if (digest !== sha256) throw refused(`its bytes have the hash ${digest}, and its entry names ${sha256}`);
  const files = await readFiles(bytes, limits).catch((error: unknown) => {
    throw AppError.is(error) ? error : refused(error instanceof Error ? error.message : String(error));
  });
  const manifest = readManifest(files);
  if (manifest.server.type === "uv") throw refused("it wants to be installed by uv, which is not done here");
  const entryPoint = manifest.server.entry_point.replace(/^\.\//, "");
  if (!isPlainRelative(entryPoint) || !files.some(({ path }) => path === entryPoint)) throw refused(`its entry point "${printable(entryPoint)}" is none of its files`);
  return {
    files: files.map((file) => (file.path === entryPoint && manifest.server.type === "binary" ? { ...file, executable: true } : file)),
    runtime: manifest.server.type,
    entryPoint,
    version: manifest.version,
  };
}

function readManifest(files: readonly BundleFile[]): z.infer<typeof Manifest> {
  const manifest = files.find(({ path }) => path === "manifest.json");
  if (manifest === undefined) throw refused("it has no manifest.json");
  if (manifest.bytes.byteLength > MAX_MANIFEST_BYTES) throw refused("its manifest.json is larger than 1 MiB");
  try {
    return Manifest.parse(JSON.parse(manifest.bytes.toString("utf8")));
  } catch (error) {
    throw refused(`its manifest.json is none: ${error instanceof z.ZodError ? z.prettifyError(error) : "it is no JSON document"}`);
  }
}

async function readFiles(bytes: Buffer, limits: BundleLimits): Promise<readonly BundleFile[]> {
  const zip = await open(bytes);
  const files: BundleFile[] = [];
  const seen = new Set<string>();
  let total = 0;
  let entries = 0;
  for await (const entry of entriesOf(zip)) {
    entries += 1;
    if (entries > limits.entries) throw refused(`it has more than ${limits.entries} files`);
    const path = pathOf(entry);
    refuseUnreadable(entry);
    const kind = kindOf(entry);
    if (kind === "directory") continue;
    if (seen.has(path)) throw refused(`it has two files "${printable(path)}"`);
    seen.add(path);
    total += entry.uncompressedSize;
    if (total > limits.bytes) throw refused(`it is larger than ${limits.bytes} bytes when it is unpacked`);
    if (entry.uncompressedSize > SMALL_BYTES && entry.uncompressedSize > limits.ratio * entry.compressedSize) throw refused(`"${printable(path)}" grows to more than ${limits.ratio} times its size`);
    files.push({ path, executable: (modeOf(entry) & 0o111) !== 0, bytes: await contentOf(zip, entry) });
  }
  for (const path of seen)
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) if (seen.has(path.slice(0, at))) throw refused(`"${printable(path.slice(0, at))}" is a file and a directory`);
  return files;
}

function open(bytes: Buffer): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    yauzl.fromBuffer(bytes, { lazyEntries: true, strictFileNames: true, validateEntrySizes: true }, (error, zip) => {
      if (error === null) resolve(zip);
      else reject(error);
    });
  });
}

async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  for (;;) {
    const entry = await new Promise<Entry | undefined>((resolve, reject) => {
      const settle = (work: () => void): void => {
        zip.removeAllListeners();
        work();
      };
      zip.once("entry", (found: Entry) => settle(() => resolve(found)));
      zip.once("end", () => settle(() => resolve(undefined)));
      zip.once("error", (error: unknown) => settle(() => reject(error instanceof Error ? error : new Error(String(error)))));
      zip.readEntry();
    });
    if (entry === undefined) return;
    yield entry;
  }
}

function pathOf({ fileName }: Entry): string {
  const path = fileName.replace(/\/$/, "");
  if (!isPlainRelative(path) || path.length > MAX_PATH || path.includes("\\") || hasControlCharacter(path)) throw refused(`"${printable(fileName)}" is no plain path`);
  return path;
}

function modeOf({ externalFileAttributes }: Entry): number {
  return externalFileAttributes >>> 16;
}

function refuseUnreadable({ fileName, generalPurposeBitFlag, compressionMethod }: Entry): void {
  if ((generalPurposeBitFlag & 1) !== 0) throw refused(`"${printable(fileName)}" is encrypted`);
  if (compressionMethod !== 0 && compressionMethod !== 8) throw refused(`"${printable(fileName)}" is packed in a way that is not read`);
}

/** A zip that was not made on a unix has no kind of file but by the slash at its end. */
function kindOf(entry: Entry): "file" | "directory" {
  const type = modeOf(entry) & TYPE;
  const named = entry.fileName.endsWith("/");
  if (type !== 0 && type !== REGULAR && type !== DIRECTORY) throw refused(`"${printable(entry.fileName)}" is a link or device`);
  if ((type === DIRECTORY && !named) || (type === REGULAR && named)) throw refused(`"${printable(entry.fileName)}" is a file and a directory`);
  if (named && entry.uncompressedSize > 0) throw refused(`the directory "${printable(entry.fileName)}" has content`);
  return named ? "directory" : "file";
}

async function contentOf(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const stream = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    zip.openReadStream(entry, (error, found) => {
      if (error === null) resolve(found);
      else reject(error);
    });
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  if (bytes.byteLength !== entry.uncompressedSize) throw refused(`"${printable(entry.fileName)}" is not as long as it says`);
  return bytes;
}

function printable(text: string): string {
  return text.slice(0, 200).replaceAll(/[^\x20-\x7e]/g, "?");
}

function refused(why: string): AppError {
  return new AppError("SERVER_FAILED", { message: `The bundle is not used: ${why}`, fix: "Get the bundle again from whoever made it, or do not use it." });
}
