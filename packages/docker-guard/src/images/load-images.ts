import type { Readable } from "node:stream";
import { parseJsonBytes, JsonRefused } from "@sbx/contracts";
import * as z from "zod";
import type { Guard } from "../guard.ts";
import { printable, Refusal } from "../refusal.ts";
import { plainTar } from "../streams/plain-tar.ts";
import { rebuildTar } from "../streams/rebuild-tar.ts";
import { Spool } from "../streams/spool.ts";
import { relativePath, spoolTar, type SpooledEntry } from "../streams/spool-tar.ts";
import { HistoryLine, ImageConfig } from "./image-config.ts";
import { parseImageName, taggedName } from "./image-name.ts";
import { writeImage, type Layer } from "./write-image.ts";

const MAX_JSON_BYTES = 4 << 20;
const MODE_BITS = 0o7777;

/** manifest.json of what `docker save` writes. */
const Manifest = z
  .array(z.object({ Config: z.string(), RepoTags: z.array(z.string().max(512)).max(64).nullish(), Layers: z.array(z.string()).max(125) }))
  .min(1)
  .max(64);

/** What is taken of an image's configuration. Its layers are named by what they are. */
const ConfigFile = z.object({
  architecture: z.string().regex(/^[a-z0-9]{1,16}$/),
  os: z.literal("linux", { error: "images are of Linux" }),
  variant: z
    .string()
    .regex(/^[a-z0-9]{0,8}$/)
    .optional(),
  author: z.string().max(1024).optional(),
  created: z.iso.datetime({ offset: true }).optional(),
  config: ImageConfig.nullish(),
  history: z.array(HistoryLine).max(512).nullish(),
  rootfs: z.object({ type: z.literal("layers"), diff_ids: z.array(z.string()).max(125) }),
});

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
  const manifest = read(Manifest, await jsonOf(spool, fileAt(files, "manifest.json")), "manifest.json");
  const loaded: LoadedImage[] = [];
  const known = new Map<string, Layer>();
  for (const { Config, RepoTags, Layers } of manifest) {
    const names = (RepoTags ?? []).map((name) => taggedName(parseImageName(name)));
    const config = read(ConfigFile, await jsonOf(spool, fileAt(files, Config)), printable(Config));
    if (config.rootfs.diff_ids.length !== Layers.length) throw new Refusal(400, "an image has as many layers as its configuration says");
    const layers: Layer[] = [];
    for (const layer of Layers) {
      const entry = fileAt(files, layer);
      const made = known.get(entry.path) ?? (await layerOf(spool, entry));
      known.set(entry.path, made);
      layers.push(made);
    }
    const id = await keepLoaded(guard, spool, { config, layers });
    for (const name of names) await guard.images.name({ id }, name);
    loaded.push({ id, names });
  }
  return loaded;
}

async function keepLoaded(guard: Guard, spool: Spool, { config, layers }: { readonly config: z.output<typeof ConfigFile>; readonly layers: readonly Layer[] }): Promise<string> {
  const sizes = Object.fromEntries(layers.map(({ diffId, piece }) => [diffId, piece?.size ?? 0]));
  if (Object.values(sizes).reduce((sum, size) => sum + size, 0) > guard.images.freeBytes())
    throw new Refusal(413, "this sandbox has no room for the image; remove images with docker rmi, or docker image prune");
  using _count = guard.images.quota.take();
  const { history } = config;
  const counted = history?.filter(({ empty_layer }) => empty_layer !== true).length === layers.length ? history : layers.map(() => ({ created: "1970-01-01T00:00:00Z", created_by: "loaded" }));
  const content = { ...config, config: config.config ?? {}, created: config.created ?? guard.parts.now().toISOString(), layers, history: counted };
  const { id, lent } = await writeImage(guard, content, spool);
  await guard.images.keep({ id, layers: sizes, lent });
  return id;
}

async function layerOf(spool: Spool, { piece }: Extract<SpooledEntry, { readonly kind: "file" }>): Promise<Layer> {
  const { output, done } = rebuildTar(await plainTar(spool.read(piece)), { bits: MODE_BITS, devices: "skip" });
  const rebuilt = await appended(spool, output, done);
  return { diffId: `sha256:${rebuilt.hash}`, piece: rebuilt };
}

/** Keep what is written anew while it is read: the fault of the reading side is the one that counts. */
export async function appended(spool: Spool, output: Readable, done: Promise<undefined>): ReturnType<Spool["append"]> {
  const [kept, read] = await Promise.allSettled([spool.append(output), done]);
  if (kept.status === "rejected" && kept.reason instanceof Refusal) throw kept.reason;
  if (read.status === "rejected") throw read.reason;
  if (kept.status === "rejected") throw kept.reason;
  return kept.value;
}

/** A file of what was sent, through one link, as older engines write layers that two images share. */
function fileAt(files: ReadonlyMap<string, SpooledEntry>, name: string): Extract<SpooledEntry, { readonly kind: "file" }> {
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

async function jsonOf(spool: Spool, { piece, path }: Extract<SpooledEntry, { readonly kind: "file" }>): Promise<unknown> {
  if (piece.size > MAX_JSON_BYTES) throw new Refusal(413, `${printable(path)} is too long`);
  try {
    return parseJsonBytes(await spool.bytes(piece));
  } catch (error) {
    if (error instanceof JsonRefused) throw new Refusal(400, `${printable(path)} is refused: ${error.message}`);
    throw error;
  }
}

function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const { data, success, error } = schema.safeParse(value);
  if (!success) throw new Refusal(400, `${what} is not as docker save writes it: ${error.issues[0]?.path.join(".") ?? ""} ${error.issues[0]?.message ?? ""}`);
  return data;
}
