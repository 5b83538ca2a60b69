import { History } from "../engine/engine-answers.ts";
import type { Guard } from "../guard.ts";
import { imageFacts } from "../life/resolve-image.ts";
import type { SharedImage } from "../ports.ts";
import { configOfFacts, type HistoryLine, type ImageConfig } from "./image-config.ts";

/** What another image is made on. */
export interface ImageBase {
  readonly layers: readonly string[];
  readonly history: readonly HistoryLine[];
  readonly config: ImageConfig;
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string | undefined;
  /** Bytes of those of its layers that are there because of the sandbox. */
  readonly ours: Readonly<Record<string, number>>;
}

/** Look at an image as something to make another one on. */
export async function imageBase(guard: Pick<Guard, "parts" | "images">, image: Pick<SharedImage, "id">): Promise<ImageBase> {
  const facts = await imageFacts(guard, image);
  const layers = facts.RootFS?.Layers ?? [];
  const history = historyOf(await guard.parts.engine.call({ method: "GET", path: ["images", image.id, "history"] }), layers.length);
  return {
    layers,
    history,
    config: configOfFacts(facts),
    architecture: facts.Architecture,
    os: facts.Os,
    variant: facts.Variant,
    ours: guard.images.get(image.id)?.layers ?? {},
  };
}

/** What `FROM scratch` means. */
export function emptyBase({ architecture }: { readonly architecture: string }): ImageBase {
  return { layers: [], history: [], config: {}, architecture, os: "linux", ours: {} };
}

/** The engine tells sizes and not which lines made a layer; where the two do not agree, the lines are said in short. */
function historyOf({ status, body }: { readonly status: number; readonly body: unknown }, layers: number): readonly HistoryLine[] {
  const told = History.safeParse(status === 200 ? body : []);
  const lines = (told.data ?? []).toReversed();
  if (lines.filter(({ Size }) => Size > 0).length !== layers) return Array.from({ length: layers }, () => ({ created: EPOCH, created_by: "a layer of the base image" }));
  return lines.map(({ Created, CreatedBy, Size, Comment }) => ({
    created: new Date(Math.max(0, Created) * 1000).toISOString(),
    created_by: CreatedBy,
    ...(Comment === "" ? {} : { comment: Comment }),
    ...(Size > 0 ? {} : { empty_layer: true }),
  }));
}

const EPOCH = "1970-01-01T00:00:00Z";
