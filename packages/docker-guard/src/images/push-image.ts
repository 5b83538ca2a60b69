import { AppError } from "@sbx/contracts";
import * as z from "zod";
import type { Guard } from "../guard.ts";
import type { Answer } from "../http/answer.ts";
import { findImage } from "../life/resolve-image.ts";
import type { ImageToPush, Pushing } from "../ports.ts";
import { printable, Refusal } from "../refusal.ts";
import { engineStream } from "../streams/engine-stream.ts";
import { plainTar } from "../streams/plain-tar.ts";
import { Spool } from "../streams/spool.ts";
import { spoolTar } from "../streams/spool-tar.ts";
import { readAs } from "./image-document.ts";
import { parseImageName, taggedName } from "./image-name.ts";
import { fileAt, jsonOf, Manifest } from "./load-images.ts";
import { withProgress, type ProgressLines } from "./progress-lines.ts";
import { refusalOfRegistry } from "./pull-image.ts";

const Roots = z.object({ rootfs: z.object({ diff_ids: z.array(z.string().regex(/^sha256:[0-9a-f]{64}$/)) }) });

/** Give an image to a registry under the name that it has in the sandbox. A rule decides before anything is read or sent. */
export async function pushImage(guard: Guard, { name, tag, gone }: { readonly name: string; readonly tag: string; readonly gone: AbortSignal }): Promise<Answer> {
  const parsed = parseImageName(tag === "" ? name : `${name}:${tag}`);
  if (parsed.digest !== undefined) throw new Refusal(400, "an image is pushed by its tag");
  const reference = taggedName(parsed);
  const { id, tags } = await findImage(guard, reference);
  if (!tags.includes(reference)) throw new Refusal(404, `An image does not exist locally with the tag: ${printable(parsed.repository)}`);
  return withProgress(guard, gone, async (lines) => {
    try {
      await using pushing = await guard.parts.images.push(reference, gone);
      lines.tell({ status: `The push refers to repository [${parsed.repository}]` });
      const { digest, bytes } = await send(guard, id, { pushing, lines, gone });
      lines.tell({ status: `${parsed.tag ?? "latest"}: digest: ${digest} size: ${bytes}` });
      lines.tellResult({ Tag: parsed.tag ?? "latest", Digest: digest, Size: bytes });
      guard.events.tell({ type: "image", action: "push", id: reference, attributes: { name: reference } });
    } catch (error) {
      throw AppError.is(error) ? refusalOfRegistry(error) : error;
    }
  });
}

async function send(guard: Guard, id: string, { pushing, lines, gone }: { readonly pushing: Pushing; readonly lines: ProgressLines; readonly gone: AbortSignal }): ReturnType<Pushing["send"]> {
  using _place = guard.uploads.take();
  await using spool = await Spool.open(guard.parts.spool, guard.parts.limits.imageBytes);
  const image = await readImage(guard, id, { spool, gone });
  const label = (diffId: string): string => diffId.slice("sha256:".length, "sha256:".length + 12);
  for (const { diffId } of image.layers) lines.tell({ status: "Preparing", id: label(diffId) });
  return await pushing.send(
    image,
    (diffId, step) => {
      const words = step === "there" ? "Layer already exists" : step === "done" ? "Pushed" : "Pushing";
      lines.tell({ status: words, id: label(diffId), ...(typeof step === "string" ? {} : { current: step.bytes }) });
    },
    gone,
  );
}

/** An image as the engine has it, read into a spool. */
async function readImage(guard: Guard, id: string, { spool, gone }: { readonly spool: Spool; readonly gone: AbortSignal }): Promise<ImageToPush> {
  const { body } = await engineStream(guard, { method: "GET", path: ["images", "get"], query: { names: id }, signal: gone }, "the image could not be read");
  const files = await spoolTar(body, spool);
  const [first] = readAs(Manifest, await jsonOf(spool, fileAt(files, "manifest.json")), "manifest.json");
  if (first === undefined) throw new Error("the engine gave no image");
  const config = fileAt(files, first.Config);
  const { diff_ids: diffIds } = readAs(Roots, await jsonOf(spool, config), "the image's configuration").rootfs;
  if (diffIds.length !== first.Layers.length) throw new Error("the engine gave an image with other layers than its configuration says");
  return {
    config: await spool.bytes(config.piece),
    layers: first.Layers.map((layer, at) => ({ diffId: diffIds[at] ?? "", open: () => plainTar(spool.read(fileAt(files, layer).piece)) })),
  };
}
