import { Readable } from "node:stream";
import { AppError } from "@sbx/contracts";
import type { Guard } from "../guard.ts";
import type { Answer } from "../http/answer.ts";
import type { RemoteImage, RemoteLayer } from "../ports.ts";
import { Refusal } from "../refusal.ts";
import { Spool } from "../streams/spool.ts";
import { architectureOf } from "./import-image.ts";
import { jsonOfBytes, readAs } from "./image-document.ts";
import { parseImageName, taggedName, type ImageName } from "./image-name.ts";
import { ConfigFile, keepBrought, layerOf } from "./keep-brought.ts";
import { withProgress, type ProgressLine } from "./progress-lines.ts";
import type { Layer } from "./write-image.ts";

/** How many times a download says how far it is. */
const STEPS = 20;
const NO_ROOM = "this sandbox has no room for the image; remove images with docker rmi, or docker image prune";

/** Where it is told how far a pull is, and who may end it. */
export interface Bringing {
  readonly progress: (step: ProgressLine) => void;
  readonly signal: AbortSignal;
}

/** Bring an image, and tell how far it is as an engine does. What fails before anything was told is an ordinary refusal. */
export async function pullImage(
  guard: Guard,
  { fromImage, tag, platform, gone }: { readonly fromImage: string; readonly tag: string; readonly platform: string; readonly gone: AbortSignal },
): Promise<Answer> {
  const name = parseImageName(joined(fromImage, tag));
  checkPlatform(guard, platform);
  return withProgress(guard, gone, async ({ tell }) => {
    const { digest, fresh } = await bringImage(guard, name, { progress: tell, signal: gone });
    tell({ status: `Digest: ${digest}` });
    tell({ status: `Status: ${fresh ? "Downloaded newer image" : "Image is up to date"} for ${shown(name)}` });
  });
}

/** Bring an image and make it the sandbox's, under the name that was asked for and no other. @throws Refusal */
export async function bringImage(guard: Guard, name: ImageName, { progress, signal }: Bringing): Promise<{ readonly id: string; readonly digest: string; readonly fresh: boolean }> {
  const reference = shown(name);
  try {
    await using remote = await guard.parts.images.pull(reference, { architecture: architectureOf(guard) }, signal);
    const { digest } = remote;
    progress({ status: `Pulling from ${name.repository}`, id: name.digest === undefined ? (name.tag ?? "latest") : name.digest });
    const there = guard.images.named(`${name.repository}@${digest}`);
    const id = there?.id ?? (await guard.pulls.take("", () => bring(guard, remote, { progress, signal })));
    await guard.images.name({ id }, `${name.repository}@${digest}`);
    if (name.digest === undefined) await guard.images.name({ id }, taggedName(name));
    guard.events.tell({ type: "image", action: "pull", id: reference, attributes: { name: reference } });
    return { id, digest, fresh: there === undefined };
  } catch (error) {
    throw AppError.is(error) ? refusalOfRegistry(error) : error;
  }
}

/** Say what a rule or a registry said. */
export function refusalOfRegistry({ code, message, fix }: AppError): Refusal {
  return new Refusal(code === "EGRESS_DENIED" || code === "SERVER_DENIED" ? 403 : code === "IMAGE_UNAVAILABLE" ? 404 : 502, `${message}. ${fix}`);
}

async function bring(guard: Guard, { config, layers }: RemoteImage, { progress, signal }: Bringing): Promise<string> {
  signal.throwIfAborted();
  if (layers.reduce((sum, { bytes }) => sum + bytes, 0) > guard.images.freeBytes()) throw new Refusal(413, NO_ROOM);
  const read = readAs(ConfigFile, jsonOfBytes(config, "the image's configuration"), "the image's configuration");
  if (read.rootfs.diff_ids.length !== layers.length) throw new Refusal(400, "an image has as many layers as its configuration says");
  if (read.architecture !== architectureOf(guard)) throw new Refusal(400, `the image is for ${read.architecture}, and this engine's machine is ${architectureOf(guard)}`);
  await using spool = await Spool.open(guard.parts.spool, 3 * guard.images.freeBytes());
  const known = new Map<string, Layer>();
  const brought: Layer[] = [];
  for (const layer of layers) {
    const made = known.get(layer.digest) ?? (await bringLayer(spool, layer, { progress, signal }));
    known.set(layer.digest, made);
    brought.push(made);
  }
  signal.throwIfAborted();
  return await keepBrought(guard, spool, { config: read, layers: brought });
}

/** Nothing of a layer is looked at before all of it is what its digest says. */
async function bringLayer(spool: Spool, { digest, bytes, open }: RemoteLayer, { progress, signal }: Bringing): Promise<Layer> {
  const id = digest.slice("sha256:".length, "sha256:".length + 12);
  progress({ status: "Pulling fs layer", id });
  const piece = await spool.append(Readable.from(counted(await open(signal), { bytes, id, progress })));
  if (`sha256:${piece.hash}` !== digest || piece.size !== bytes) throw new Refusal(502, `the registry gave something else than the layer ${digest}; nothing of the image was kept`);
  progress({ status: "Download complete", id });
  const layer = await layerOf(spool, piece);
  progress({ status: "Pull complete", id });
  return layer;
}

/** What comes, as long as it is no more than was said. */
async function* counted(source: Readable, { bytes, id, progress }: { readonly bytes: number; readonly id: string; readonly progress: Bringing["progress"] }): AsyncGenerator<Buffer> {
  let current = 0;
  let told = 0;
  for await (const piece of source as AsyncIterable<Buffer>) {
    current += piece.length;
    if (current > bytes) throw new Refusal(502, "the registry gave more than it had said; nothing of the image was kept");
    if (current - told >= bytes / STEPS) {
      told = current;
      progress({ status: "Downloading", id, current, total: bytes });
    }
    yield piece;
  }
}

/** Images of other systems are not run here, so none are brought. */
function checkPlatform(guard: Guard, platform: string): void {
  const own = architectureOf(guard);
  if (platform !== "" && platform !== "linux" && platform !== `linux/${own}` && !platform.startsWith(`linux/${own}/`))
    throw new Refusal(400, `images for linux/${own} are brought here, and no others`);
}

function joined(fromImage: string, tag: string): string {
  if (tag === "") return fromImage;
  return tag.startsWith("sha256:") ? `${fromImage}@${tag}` : `${fromImage}:${tag}`;
}

function shown(name: ImageName): string {
  return name.digest === undefined ? taggedName(name) : `${name.repository}@${name.digest}`;
}
