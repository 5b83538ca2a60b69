import { ContainerFacts } from "../engine/engine-answers.ts";
import { refusalOf } from "../engine/engine-refused.ts";
import type { Guard } from "../guard.ts";
import type { OwnedContainer } from "../owned/container-record.ts";
import type { OwnedImage } from "../owned/owned-images.ts";
import { changeSettings } from "./change-settings.ts";
import { commitLayers } from "./commit-layers.ts";
import { imageBase } from "./image-base.ts";
import type { ImageConfig } from "./image-config.ts";
import { writeImage } from "./write-image.ts";

/** What a client says of the image that it wants of a container. */
export interface CommitWish {
  readonly name: string | undefined;
  readonly comment: string;
  readonly author: string;
  readonly pause: boolean;
  readonly changes: readonly string[];
  /** Settings in place of the container's. */
  readonly config: Partial<ImageConfig>;
}

/** Make an image of a container's files. */
export async function commitContainer(guard: Guard, container: OwnedContainer, wish: CommitWish): Promise<OwnedImage> {
  using _count = guard.images.quota.take();
  const { id, record, asked } = container;
  const answer = await guard.parts.engine.call({ method: "GET", path: ["containers", id, "json"] });
  if (answer.status !== 200) throw refusalOf(answer, `No such container: ${id}`);
  const { Config } = ContainerFacts.parse(answer.body);
  const base = await imageBase(guard, { id: record.imageId });
  const present = Object.fromEntries(Object.entries(wish.config).filter(([, value]) => value !== undefined));
  const config: ImageConfig = {
    ...base.config,
    Env: Config.Env ?? undefined,
    Cmd: Config.Cmd ?? undefined,
    Entrypoint: Config.Entrypoint ?? undefined,
    WorkingDir: Config.WorkingDir,
    User: Config.User,
    Labels: { ...base.config.Labels, ...asked.Labels },
    ...present,
  };
  const created = guard.parts.now().toISOString();
  await using committed = await commitLayers(guard, { container: id, base, pause: wish.pause });
  const added = committed.layers.length > base.layers.length;
  const line = { created, created_by: (Config.Cmd ?? []).join(" "), comment: wish.comment, author: wish.author, ...(added ? {} : { empty_layer: true }) };
  const layers = committed.layers.map((diffId) => ({ diffId }));
  const written = await writeImage(guard, { ...base, config: changeSettings(config, wish.changes), author: wish.author, created, layers, history: [...base.history, line] });
  const image = await guard.images.keep({ ...written, layers: committed.ours });
  if (wish.name !== undefined) await guard.images.name(image, wish.name);
  return image;
}
