import type { Readable } from "node:stream";
import * as z from "zod";
import type { Guard } from "../guard.ts";
import { printable, Refusal } from "../refusal.ts";
import { plainTar } from "../streams/plain-tar.ts";
import { Spool } from "../streams/spool.ts";
import { relativePath, spoolTar, type SpooledEntry } from "../streams/spool-tar.ts";
import { jsonOfBytes, readAs } from "./image-document.ts";
import { parseImageName, taggedName } from "./image-name.ts";
import { ConfigFile, keepBrought, layerOf } from "./keep-brought.ts";
import type { Layer } from "./write-image.ts";

const MAX_JSON_BYTES = 4 << 20;

/** manifest.json of what `docker save` writes. */
export const Manifest = z
  .array(z.object({ Config: z.string(), RepoTags: z.array(z.string().max(512)).max(64).nullish(), Layers: z.array(z.string()).max(125) }))
  .min(1)
  .max(64);

/** An image that was loaded, and what it is called. */
export interface LoadedImage {
  readonly id: string;
  readonly names: readonly string[];
}

/**
 * Load images that a client sends, as `docker save` wrote them.
 *
 * The engine takes a layer that it has by its digest without looking at the bytes, and so would give away anybody's layers
 * for their digests. Here every layer is written anew and named by the digest of that; settings are read by a schema.
 *
 * @throws Refusal 400 with the first thing that is not as it has to be
 */
export async function loadImages(guard: Guard, body: Readable): Promise<readonly LoadedImage[]> {
  using _place = guard.uploads.take();
  await using spool = await Spool.open(guard.parts.spool, 3 * guard.images.freeBytes());
  const files = await spoolTar(await plainTar(body), spool);
  const manifest = readAs(Manifest, await jsonOf(spool, fileAt(files, "manifest.json")), "manifest.json");
  const loaded: LoadedImage[] = [];
  const known = new Map<string, Layer>();
  for (const { Config, RepoTags, Layers } of manifest) {
    const names = (RepoTags ?? []).map((name) => taggedName(parseImageName(name)));
    const config = readAs(ConfigFile, await jsonOf(spool, fileAt(files, Config)), printable(Config));
    if (config.rootfs.diff_ids.length !== Layers.length) throw new Refusal(400, "an image has as many layers as its configuration says");
    const layers: Layer[] = [];
    for (const layer of Layers) {
      const entry = fileAt(files, layer);
      const made = known.get(entry.path) ?? (await layerOf(spool, entry.piece));
      known.set(entry.path, made);
      layers.push(made);
    }
    const id = await keepBrought(guard, spool, { config, layers });
    for (const name of names) await guard.images.name({ id }, name);
    loaded.push({ id, names });
  }
  return loaded;
}

/** A file of what was sent, through one link, as older engines write layers that two images share. @throws Refusal 400 */
export function fileAt(files: ReadonlyMap<string, SpooledEntry>, name: string): Extract<SpooledEntry, { readonly kind: "file" }> {
  const found = files.get(relativePath(name));
  const target = found?.kind === "symlink" ? files.get(besides(found.path, found.target)) : found?.kind === "link" ? files.get(found.target) : found;
  if (target?.kind !== "file") throw new Refusal(400, `there is no file ${printable(name)} in what is sent: images are loaded as docker save writes them`);
  return target;
}

/** Where a link leads, as long as it stays inside. */
function besides(path: string, target: string): string {
  const segments = path.split("/").slice(0, -1);
  for (const segment of target.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "." && segment !== "") segments.push(segment);
  }
  return segments.join("/");
}

/** A document among what was sent. @throws Refusal 400 or 413 */
export async function jsonOf(spool: Spool, { piece, path }: Extract<SpooledEntry, { readonly kind: "file" }>): Promise<unknown> {
  if (piece.size > MAX_JSON_BYTES) throw new Refusal(413, `${printable(path)} is too long`);
  return jsonOfBytes(await spool.bytes(piece), path);
}
