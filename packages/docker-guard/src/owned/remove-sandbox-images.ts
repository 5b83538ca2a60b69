import { OwnedImages, type OwnedImagesParts } from "./owned-images.ts";
import { Seal } from "./seal.ts";

/** Whose images, and by which key their records are sealed. */
export interface RemoveSandboxImages extends Pick<OwnedImagesParts, "engine" | "sandbox"> {
  readonly key: Uint8Array;
  /** Told of what could not be removed. */
  readonly onFault: (error: unknown) => void;
}

/** Remove every image that a sandbox made or brought, when its containers are gone. What somebody else has too stays. */
export async function removeSandboxImages({ engine, sandbox, key, onFault }: RemoveSandboxImages): Promise<void> {
  const images = new OwnedImages({ engine, sandbox, seal: new Seal({ key, sandbox, owner: {} }), limit: 0, limitBytes: 0, now: () => new Date(0) });
  await images.restore();
  for (const { id } of [...images.all(), ...images.steps()]) await images.remove(id).catch(onFault);
}
