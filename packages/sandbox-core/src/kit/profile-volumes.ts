import { cleanPath } from "./declaration-keys.ts";
import { isCapability, type ReadCapability } from "./kit.ts";
import { sizeBytes } from "./kit-size.ts";
import type { ProfileVolume } from "./profile.ts";
import { isWithin } from "../workspace/protected-paths.ts";

/** What a volume in memory may hold when its Kit does not say. */
const MEMORY_BYTES = 512 << 20;
/** The engine's own choice for what it makes, which only its owner may write. */
const MODE = 0o755;

/** The volumes that a sandbox gets beside its home. One on disk that lies in the home is a part of that, which is a volume already. */
export function profileVolumes(selected: readonly ReadCapability[], home: string): readonly ProfileVolume[] {
  return selected.flatMap((capability) => {
    if (!isCapability(capability, "com.docker.sandbox/volume@1")) return [];
    const { config } = capability;
    const path = cleanPath(config.path);
    if (isWithin(path, home)) return [];
    const mode = config.mode === undefined ? MODE : Number.parseInt(config.mode, 8);
    const stated = { ...(config.size === undefined ? {} : { size: config.size }), ...(config.mode === undefined ? {} : { mode: config.mode }) };
    return [{ path, mode, stated, ...(config.tmpfs ? { memoryBytes: config.size === undefined ? MEMORY_BYTES : sizeBytes(config.size) } : {}) }];
  });
}
