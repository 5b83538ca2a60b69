import { createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack, type Pack } from "tar-stream";
import type { ImageFiles } from "./image-files.ts";
import { isMarker, LayerTree } from "./layer-tree.ts";
import type { ImageLayer } from "./open-image.ts";
import { readLayer, type LayerBudget, type LayerEntry } from "./read-layer.ts";
import { refusedImage } from "./refused-image.ts";

/** What comes out of all layers of an image at most. */
export interface LayerLimits {
  readonly entries: number;
  readonly bytes: number;
}

const LAYER_LIMITS: LayerLimits = { entries: 250_000, bytes: 8 * 1024 ** 3 };
/** A text that a Kit has in its image. */
const MAX_TEXT = 256 * 1024;
const EPOCH = new Date(0);

/** What a flattening is made from and written to. */
export interface Flattening {
  readonly layers: readonly ImageLayer[];
  readonly target: string;
  /** Paths whose text is wanted, without a slash in front. */
  readonly texts: ReadonlySet<string>;
  readonly limits?: LayerLimits;
}

/**
 * Write what is seen when the layers lie on one another as one tar, and give the texts of the files that are wanted. Nothing is
 * unpacked on this machine; owners, modes without set-user-id, and contents are all that is kept.
 *
 * @throws AppError `KIT_INVALID`
 */
export async function flattenLayers(files: ImageFiles, { layers, target, texts, limits = LAYER_LIMITS }: Flattening): Promise<ReadonlyMap<string, string>> {
  const tree = new LayerTree();
  const budget = { ...limits };
  for (const layer of layers) tree.add(await entriesOf(files, layer, budget));
  const tar = pack();
  const writing = pipeline(tar, createWriteStream(target, { flags: "wx", mode: 0o600 }));
  writing.catch(() => undefined);
  const found = new Map<string, string>();
  try {
    const again = { ...limits };
    for (const [at, layer] of layers.entries()) await writeLayer({ files, layer, at, tree, tar, texts, found, budget: again });
    tar.finalize();
    await writing;
  } catch (error) {
    tar.destroy();
    throw error;
  }
  return found;
}

async function entriesOf(files: ImageFiles, layer: ImageLayer, budget: LayerBudget): Promise<readonly { readonly path: string; readonly isDirectory: boolean }[]> {
  const entries: { readonly path: string; readonly isDirectory: boolean }[] = [];
  for await (const { entry, body } of readLayer(files, layer, budget)) {
    body.resume();
    entries.push({ path: entry.path, isDirectory: entry.type === "directory" });
  }
  return entries;
}

interface LayerWriting {
  readonly files: ImageFiles;
  readonly layer: ImageLayer;
  readonly at: number;
  readonly tree: LayerTree;
  readonly tar: Pack;
  readonly texts: ReadonlySet<string>;
  readonly found: Map<string, string>;
  readonly budget: LayerBudget;
}

async function writeLayer({ files, layer, at, tree, tar, texts, found, budget }: LayerWriting): Promise<void> {
  let index = -1;
  for await (const { entry, body } of readLayer(files, layer, budget)) {
    index += 1;
    const isSeen = entry.path !== "" && entry.type !== "nothing" && !isMarker(entry.path) && tree.shows(at, index, entry.path);
    if (!isSeen) {
      body.resume();
      continue;
    }
    if (entry.type === "link" && tree.layerOf(entry.target) !== at) throw refusedImage(`${JSON.stringify(entry.path)} is another name of a file that a later layer replaces`);
    if (texts.has(entry.path)) found.set(entry.path, await writeText(tar, entry, body));
    else await writeEntry(tar, entry, body);
  }
}

function headerOf({ path, type, mode, uid, gid, size, target }: LayerEntry) {
  if (type === "nothing") throw new Error(`${path} is nothing`);
  return { name: path, type, mode, uid, gid, mtime: EPOCH, ...(type === "file" ? { size } : {}), ...(target === "" ? {} : { linkname: target }) };
}

async function writeEntry(tar: Pack, entry: LayerEntry, body: Readable): Promise<void> {
  if (entry.type === "file" && entry.size > 0) {
    await pipeline(body, tar.entry(headerOf(entry)));
    return;
  }
  body.resume();
  if (entry.type === "file") tar.entry(headerOf(entry), "");
  else tar.entry(headerOf(entry));
}

async function writeText(tar: Pack, entry: LayerEntry, body: Readable): Promise<string> {
  if (entry.type !== "file" || entry.size > MAX_TEXT) throw refusedImage(`${JSON.stringify(entry.path)} is no text of at most ${MAX_TEXT} bytes`);
  const chunks: Buffer[] = [];
  for await (const chunk of body) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  tar.entry(headerOf(entry), bytes);
  return bytes.toString("utf8");
}
