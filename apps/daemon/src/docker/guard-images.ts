import { AppError } from "@sbx/contracts";
import type { Engine, SandboxRecord } from "@sbx/core";
import type { GuardImages, SharedImage } from "@sbx/docker-guard";
import type { AllowedImages } from "./allowed-images.ts";

/** How an agent calls the image that its own sandbox runs. */
const OWN_TAG = "sbx/own:latest";

/** The images that a sandbox may run: its own, and those of the engine that its person allowed. */
export function createGuardImages(engine: () => Promise<Pick<Engine, "findImage">>, allowed: AllowedImages, { image }: Pick<SandboxRecord, "image">): GuardImages {
  return {
    async list() {
      const references = await allowed.list();
      const connected = await engine();
      const found = new Map<string, string[]>([[image, [OWN_TAG]]]);
      for (const reference of references) {
        const id = await connected.findImage(reference);
        if (id !== undefined) found.set(id, [...(found.get(id) ?? []), ...tagsOf(reference)]);
      }
      return [...found].map(([id, tags]): SharedImage => ({ id, tags }));
    },
    pull: (reference) =>
      Promise.reject(new AppError("EGRESS_DENIED", { message: `No rule lets this sandbox pull "${reference}"`, fix: `Bring it to this machine, then run: sbx docker allow-image ${reference}` })),
  };
}

/** An image that was allowed by its id or a digest has no tag. */
function tagsOf(reference: string): readonly string[] {
  if (reference.includes("@") || /^[0-9a-f]{64}$/.test(reference)) return [];
  return [/:[^/]*$/.test(reference) ? reference : `${reference}:latest`];
}
