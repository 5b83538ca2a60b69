import { Readable } from "node:stream";
import { AppError } from "@sbx/contracts";
import type { Guard } from "../guard.ts";
import type { Answer } from "../http/answer.ts";
import type { PullProgress } from "../ports.ts";
import { Refusal } from "../refusal.ts";
import { imageFacts } from "../life/resolve-image.ts";
import { parseImageName, taggedName, type ImageName } from "./image-name.ts";

/** Bring an image, and tell how far it is as an engine does. What fails before anything was told is an ordinary refusal. */
export async function pullImage(guard: Guard, { fromImage, tag, gone }: { readonly fromImage: string; readonly tag: string; readonly gone: AbortSignal }): Promise<Answer> {
  const name = parseImageName(joined(fromImage, tag));
  const out = new Readable({ read: () => undefined });
  const { promise: begun, resolve: begin, reject: fail } = Promise.withResolvers<undefined>();
  const push = (line: unknown) => {
    if (!out.destroyed) out.push(`${JSON.stringify(line)}\r\n`);
    begin(undefined);
  };
  bringImage(guard, name, { progress: (step) => push(lineOf(step)), signal: gone }).then(
    ({ digest }) => {
      push({ status: `Digest: ${digest}` });
      push({ status: `Status: Downloaded newer image for ${shown(name)}` });
      out.push(null);
    },
    (error: unknown) => {
      fail(error);
      const message = error instanceof Refusal ? error.message : "the guard failed; the daemon's log says how";
      push({ errorDetail: { message }, error: message });
      out.push(null);
    },
  );
  await begun;
  return { kind: "stream", type: "application/json", body: out };
}

/** Bring an image and make it the sandbox's, under the name that was asked for and no other. @throws Refusal */
export async function bringImage(
  guard: Guard,
  name: ImageName,
  { progress, signal }: { readonly progress: (step: PullProgress) => void; readonly signal: AbortSignal },
): Promise<{ readonly id: string; readonly digest: string }> {
  using _count = guard.images.quota.take();
  const reference = shown(name);
  try {
    const { id, digest, heldBy } = await guard.parts.images.pull(reference, progress, signal);
    const { Size } = await imageFacts(guard, { id });
    const image = await guard.images.keep({ id, layers: { [id]: Size }, lent: heldBy === undefined, heldBy });
    if (guard.images.usedBytes() > guard.parts.limits.imageBytes && image.names.length === 0) {
      await guard.images.remove(id);
      throw new Refusal(413, "this sandbox has no room for the image; remove images with docker rmi, or docker image prune");
    }
    await guard.images.name(image, `${name.repository}@${digest}`);
    if (name.digest === undefined) await guard.images.name(image, taggedName(name));
    guard.events.tell({ type: "image", action: "pull", id: reference, attributes: { name: reference } });
    return { id, digest };
  } catch (error) {
    if (!AppError.is(error)) throw error;
    throw new Refusal(error.code === "EGRESS_DENIED" ? 403 : 404, `${error.message} ${error.fix}`);
  }
}

function joined(fromImage: string, tag: string): string {
  if (tag === "") return fromImage;
  return tag.startsWith("sha256:") ? `${fromImage}@${tag}` : `${fromImage}:${tag}`;
}

function shown(name: ImageName): string {
  return name.digest === undefined ? taggedName(name) : `${name.repository}@${name.digest}`;
}

function lineOf({ status, id, current, total }: PullProgress): unknown {
  return { status, ...(id === undefined ? {} : { id }), progressDetail: current === undefined ? {} : { current, ...(total === undefined ? {} : { total }) } };
}
