import type { Readable } from "node:stream";
import type { Guard } from "../guard.ts";
import type { OwnedImage } from "../owned/owned-images.ts";
import { plainTar } from "../streams/plain-tar.ts";
import { rebuildTar } from "../streams/rebuild-tar.ts";
import { Spool } from "../streams/spool.ts";
import { changeSettings } from "./change-settings.ts";
import { emptyBase } from "./image-base.ts";
import { appended } from "./keep-brought.ts";
import { writeImage } from "./write-image.ts";

const MODE_BITS = 0o7777;

/** Make an image of one layer of a tar that a client sends. */
export async function importImage(
  guard: Guard,
  body: Readable,
  { name, message, changes }: { readonly name: string | undefined; readonly message: string; readonly changes: readonly string[] },
): Promise<OwnedImage> {
  const config = changeSettings({}, changes);
  using _place = guard.uploads.take();
  using _count = guard.images.quota.take();
  await using spool = await Spool.open(guard.parts.spool, guard.images.freeBytes());
  const { output, done } = rebuildTar(await plainTar(body), { bits: MODE_BITS, devices: "skip" });
  const piece = await appended(spool, output, done);
  using _room = guard.images.room(piece.size, "this sandbox has no room for the image; remove images with docker rmi, or docker image prune");
  const created = guard.parts.now().toISOString();
  const diffId = `sha256:${piece.hash}`;
  const base = emptyBase({ architecture: architectureOf(guard) });
  const written = await writeImage(guard, { ...base, config, created, layers: [{ diffId, piece }], history: [{ created, created_by: "", comment: message }] }, spool);
  const image = await guard.images.keep({ ...written, layers: { [diffId]: piece.size } });
  if (name !== undefined) await guard.images.name(image, name);
  return image;
}

/** As images name it, which is as engines do. */
export function architectureOf({ parts: { engine } }: Pick<Guard, "parts">): string {
  const names: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };
  return names[engine.facts.architecture] ?? engine.facts.architecture;
}
