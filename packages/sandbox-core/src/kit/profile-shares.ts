import { cleanPath } from "./declaration-keys.ts";
import { isCapability } from "./kit.ts";
import type { KitSelection } from "./merge-capabilities.ts";

/** A directory that a Kit shares among its sandboxes. */
export interface ProfileShare {
  /** Absolute and clean. */
  readonly path: string;
  /** What it is given once, when it is made. */
  readonly mode: number;
  /** The Kit's own, which tells it from others. */
  readonly directory: string;
}

const MODE = 0o755;

/** The directories that Kits share, each with the Kit whose it is. */
export function profileShares(selections: readonly KitSelection[]): readonly ProfileShare[] {
  return selections.flatMap(({ member: { directory }, selected }) =>
    selected.flatMap((one) => {
      if (!isCapability(one, "com.docker.sandbox/host-mount@1")) return [];
      const { path, mode } = one.config;
      return [{ path: cleanPath(path), mode: mode === undefined ? MODE : Number.parseInt(mode, 8), directory }];
    }),
  );
}
