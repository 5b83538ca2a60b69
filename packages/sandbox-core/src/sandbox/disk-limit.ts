import { AppError, type CreateSandbox } from "@sbx/contracts";
import type { EngineId } from "../ports/engine.ts";
import type { SandboxParts } from "./sandbox-parts.ts";

/** What of a new sandbox's disk is bounded: its own files always, its home and volumes where the engine can. */
export interface DiskLimit {
  /** What each of its volumes holds at most, in bytes. */
  readonly volumeBytes?: number;
  /** One line for what is not bounded. */
  readonly skipped: readonly string[];
}

/**
 * Look whether the engine can bound the disk of a sandbox as it is asked for. Any image will do for that.
 *
 * @throws AppError `PLATFORM_UNSUPPORTED` that says what the engine lacks
 */
export async function diskLimit({ engine }: Pick<SandboxParts, "engine">, { limits: { diskBytes } }: Pick<CreateSandbox, "limits">, image: EngineId): Promise<DiskLimit> {
  if (diskBytes === undefined) return { skipped: [] };
  const { noLayer, noVolumes } = await (await engine()).diskLimits(image);
  if (noLayer !== undefined)
    throw new AppError("PLATFORM_UNSUPPORTED", {
      message: `The container engine cannot bound the disk of a sandbox: ${noLayer}`,
      fix: "Keep the engine's data on XFS mounted with pquota (driver overlay2), on Btrfs with quotas, or on ZFS; or leave --disk out.",
    });
  if (noVolumes === undefined) return { volumeBytes: diskBytes, skipped: [] };
  return { skipped: [`--disk of the home and of volumes: the container engine cannot bound them: ${noVolumes}`] };
}
