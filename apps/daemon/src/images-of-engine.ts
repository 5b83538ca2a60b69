import type { Engine } from "@sbx/core";
import { createImageMaker, type ImageMaker } from "@sbx/images";

/**
 * The maker of images for the engine that is connected now. One for as long as the connection lives: two who want the
 * same image at the same time share the work.
 */
export function imagesOf(engine: () => Promise<Engine>, environment: Readonly<Record<string, string | undefined>>): () => Promise<ImageMaker> {
  const makers = new WeakMap<Engine, ImageMaker>();
  return async () => {
    const connected = await engine();
    const maker = makers.get(connected) ?? createImageMaker({ engine: connected, env: environment });
    makers.set(connected, maker);
    return maker;
  };
}
