import type { Readable } from "node:stream";
import * as z from "zod";
import type { Guard } from "../guard.ts";
import { Refusal } from "../refusal.ts";
import { plainTar } from "../streams/plain-tar.ts";
import { rebuildTar } from "../streams/rebuild-tar.ts";
import type { Piece, Spool } from "../streams/spool.ts";
import { HistoryLine, ImageConfig } from "./image-config.ts";
import { writeImage, type Layer } from "./write-image.ts";

const MODE_BITS = 0o7777;

/** What is taken of an image's configuration. Its layers are named by what they are. */
export const ConfigFile = z.object({
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
/** The same, read. */
export type ConfigFile = z.output<typeof ConfigFile>;

/** Have the engine keep an image that was brought, and make it the sandbox's. @returns its id. @throws Refusal 413 when there is no room */
export async function keepBrought(guard: Guard, spool: Spool, { config, layers }: { readonly config: ConfigFile; readonly layers: readonly Layer[] }): Promise<string> {
  const sizes = Object.fromEntries(layers.map(({ diffId, piece }) => [diffId, piece?.size ?? 0]));
  using _room = guard.images.room(
    Object.values(sizes).reduce((sum, size) => sum + size, 0),
    "this sandbox has no room for the image; remove images with docker rmi, or docker image prune",
  );
  using _count = guard.images.quota.take();
  const { history } = config;
  const counted = history?.filter(({ empty_layer }) => empty_layer !== true).length === layers.length ? history : layers.map(() => ({ created: "1970-01-01T00:00:00Z", created_by: "loaded" }));
  const content = { ...config, config: config.config ?? {}, created: config.created ?? guard.parts.now().toISOString(), layers, history: counted };
  const { id, lent } = await writeImage(guard, content, spool);
  await guard.images.keep({ id, layers: sizes, lent });
  return id;
}

/** Write a layer anew, packed or not, and name it by what it is then. */
export async function layerOf(spool: Spool, piece: Pick<Piece, "offset" | "size">): Promise<Layer> {
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
