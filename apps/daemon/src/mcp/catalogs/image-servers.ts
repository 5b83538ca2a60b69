import { IMAGE_LABEL, readImageLabel } from "@sbx/catalog";
import { AppError } from "@sbx/contracts";
import type { Engine } from "@sbx/core";
import type { ReadCatalog } from "./catalog-format.ts";

/** What an image says of the server in it; `undefined` when it says nothing. */
export type ReadImage = (image: string, signal: AbortSignal) => Promise<ReadCatalog | undefined>;

/**
 * Read the label by which an image describes its server. One that is not here is pulled; nothing of it is run.
 *
 * @throws AppError `IMAGE_UNAVAILABLE`, `ENGINE_UNREACHABLE`, and `CATALOG_INVALID` for a label that cannot be used
 */
export function createReadImage(engine: () => Promise<Engine>): ReadImage {
  return async (image, signal) => {
    const there = await engine();
    const id = (await there.findImage(image)) ?? (await there.pull(image, () => undefined, signal));
    const label = (await there.imageConfig(id)).labels[IMAGE_LABEL];
    if (label === undefined) return undefined;
    const { servers, warnings } = readImageLabel(label, { image });
    const said = warnings.map(({ message }) => message);
    if (servers.length > 0) return { servers, warnings: said };
    throw new AppError("CATALOG_INVALID", {
      message: `The image ${image} describes no server that can be run here: ${said.join("; ")}`,
      fix: "Write an entry for it in a catalog of your own: sbx mcp catalog add CATALOG NAME FILE",
    });
  };
}
