import { Created, ImageFacts } from "../engine/engine-answers.ts";
import { refusalOf } from "../engine/engine-refused.ts";
import type { Guard } from "../guard.ts";
import type { ImageBase } from "./image-base.ts";

/** The layers of a container, its own among them, held by an image of the engine's until disposed of. */
export interface CommittedLayers extends AsyncDisposable {
  readonly layers: readonly string[];
  /** As in `ImageBase.ours`. */
  readonly ours: Readonly<Record<string, number>>;
}

interface Committed {
  /** Full id of the container. */
  readonly container: string;
  readonly base: Pick<ImageBase, "layers" | "ours">;
  readonly pause: boolean;
}

/**
 * Have the engine keep what a container changed as a layer. Of the image that it makes nothing but its layers is used:
 * its settings are the container's, with labels and variables that are not the client's business.
 *
 * @throws Refusal 413 when it is more than the sandbox may still keep
 */
export async function commitLayers({ parts: { engine }, images }: Pick<Guard, "parts" | "images">, { container, base, pause }: Committed): Promise<CommittedLayers> {
  const made = await engine.call({ method: "POST", path: ["commit"], query: { container, pause: pause ? "1" : "0" }, body: {} });
  if (made.status !== 201) throw refusalOf(made, "the container could not be committed");
  const id = `sha256:${Created.parse({ Id: idOf(made.body) }).Id}`;
  await using undo = new AsyncDisposableStack();
  undo.defer(async () => void (await engine.call({ method: "DELETE", path: ["images", id], query: { noprune: "1" } })));
  const facts = ImageFacts.parse((await engine.call({ method: "GET", path: ["images", id, "json"] })).body);
  const layers = facts.RootFS?.Layers ?? [];
  const added = layers.slice(base.layers.length);
  if (JSON.stringify(layers.slice(0, base.layers.length)) !== JSON.stringify(base.layers)) throw new Error("a container has other layers than its image");
  const before = ImageFacts.parse((await engine.call({ method: "GET", path: ["images", await imageOf(engine, container), "json"] })).body).Size;
  const grown = Math.max(0, facts.Size - before);
  undo.use(images.room(grown, "this sandbox has no room for so large a layer; remove images with docker rmi, or docker image prune"));
  const kept = undo.move();
  return { layers, ours: { ...base.ours, ...Object.fromEntries(added.map((layer, at) => [layer, at === 0 ? grown : 0])) }, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function idOf(body: unknown): unknown {
  return typeof body === "object" && body !== null && "Id" in body && typeof body.Id === "string" ? body.Id.replace(/^sha256:/, "") : undefined;
}

async function imageOf(engine: Guard["parts"]["engine"], container: string): Promise<string> {
  const { body } = await engine.call({ method: "GET", path: ["containers", container, "json"] });
  if (typeof body !== "object" || body === null || !("Image" in body) || typeof body.Image !== "string") throw new Error("a container without an image");
  return body.Image;
}
