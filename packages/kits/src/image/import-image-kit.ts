import { lstat, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { KIT_ROOT_TAR } from "@sbx/core";
import { flattenLayers } from "./flatten-layers.ts";
import { ImageFiles, unpackArchive } from "./image-files.ts";
import { openImage } from "./open-image.ts";
import { recipeOfImage } from "./recipe-of-image.ts";
import { refusedImage } from "./refused-image.ts";
import { stagedTexts } from "./staged-texts.ts";

/** Whether a path is an image on disk: a directory in OCI's layout, or an archive of an image. */
export async function isImage(source: string): Promise<boolean> {
  const found = await lstat(source).catch(() => undefined);
  if (found?.isFile() === true) return true;
  return found?.isDirectory() === true && (await lstat(path.join(source, "oci-layout")).catch(() => undefined)) !== undefined;
}

/**
 * Make the directory of a Kit from an image on disk: the descriptor that the image carries, its files as one tar, and a recipe
 * that puts them together again. Digests of all parts are checked; `directory` has to be there and empty.
 *
 * @throws AppError `KIT_INVALID` for an image that breaks its format, or holds what is taken from none
 */
export async function importImageKit(source: string, directory: string): Promise<void> {
  const found = await lstat(source).catch(() => undefined);
  if (found === undefined) throw refusedImage(`${source} is not there`);
  if (found.isDirectory()) {
    await importLayout(source, directory);
    return;
  }
  const unpacked = await mkdtemp(path.join(tmpdir(), "sbx-image-"));
  try {
    await unpackArchive(source, unpacked);
    await importLayout(unpacked, directory);
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}

async function importLayout(layout: string, directory: string): Promise<void> {
  const files = new ImageFiles(layout);
  const { descriptor, config, layers } = await openImage(files);
  const { wanted, rewritten } = stagedTexts(descriptor);
  const texts = await flattenLayers(files, { layers, target: path.join(directory, KIT_ROOT_TAR), texts: new Set(wanted.keys()) });
  for (const [inImage, inKit] of wanted) {
    const text = texts.get(inImage);
    if (text === undefined) throw refusedImage(`its descriptor names /${inImage}, which is not in it`);
    await mkdir(path.dirname(path.join(directory, inKit)), { recursive: true });
    await writeFile(path.join(directory, inKit), text, { mode: 0o600 });
  }
  await writeFile(path.join(directory, "kit.yaml"), rewritten, { mode: 0o600 });
  await writeFile(path.join(directory, "kit.dockerfile"), recipeOfImage(config, KIT_ROOT_TAR), { mode: 0o600 });
}
