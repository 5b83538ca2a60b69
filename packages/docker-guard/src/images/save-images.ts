import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, pack, type Pack } from "tar-stream";
import * as z from "zod";
import type { Guard } from "../guard.ts";
import type { SharedImage } from "../ports.ts";
import { engineStream } from "../streams/engine-stream.ts";

const Manifest = z.array(z.object({ Config: z.string(), Layers: z.array(z.string()) }));
const MAX_MANIFEST_BYTES = 4 << 20;
/** What says by which names the engine knows images: said anew, or left out. */
const NAMING = new Set(["manifest.json", "repositories", "index.json", "oci-layout"]);

/** Give images as a tar that `docker load` takes, under the names that the sandbox has for them. */
export async function saveImages(guard: Guard, images: readonly SharedImage[], gone: AbortSignal): Promise<Readable> {
  const output = pack();
  const sending = saveAll(guard, output, { images, gone });
  sending.catch((error: unknown) => {
    output.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  return Readable.from(output);
}

async function saveAll(guard: Guard, output: Pack, { images, gone }: { readonly images: readonly SharedImage[]; readonly gone: AbortSignal }): Promise<void> {
  const manifests: unknown[] = [];
  const written = new Set<string>();
  for (const { id, tags } of images) {
    const { body } = await engineStream(guard, { method: "GET", path: ["images", "get"], query: { names: id }, signal: gone }, "the image could not be read");
    const manifest = await copyImage(body, output, written);
    // One image was asked for, by its id: the engine tells of that one.
    for (const { Config, Layers } of manifest) manifests.push({ Config, RepoTags: tags.filter((tag) => !tag.includes("@")), Layers });
  }
  output.entry({ name: "manifest.json" }, JSON.stringify(manifests));
  output.finalize();
}

async function copyImage(source: Readable, output: Pack, written: Set<string>): Promise<z.output<typeof Manifest>> {
  const reader = extract();
  source.on("error", (error) => reader.destroy(error)).pipe(reader);
  let manifest = "";
  for await (const entry of reader) {
    const { name, type, size, linkname, mode, mtime } = entry.header;
    if (name === "manifest.json") {
      manifest = await textOf(Readable.from(entry));
      continue;
    }
    if (NAMING.has(name) || written.has(name)) {
      entry.resume();
      continue;
    }
    written.add(name);
    const header = { name, type, mode, mtime, linkname } as const;
    if (type === "file" && size > 0) await pipeline(Readable.from(entry), output.entry({ ...header, size }));
    else output.entry(header, "");
  }
  return Manifest.parse(JSON.parse(manifest));
}

async function textOf(entry: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of entry as AsyncIterable<Buffer>) pieces.push(piece);
  const text = Buffer.concat(pieces);
  if (text.length > MAX_MANIFEST_BYTES) throw new Error("the engine's list of images is too long");
  return text.toString("utf8");
}
