import { AppError } from "@sbx/contracts";
import type { EngineId } from "../ports/engine.ts";
import type { SandboxParts } from "../sandbox/sandbox-parts.ts";
import type { SandboxRecord } from "../sandbox/sandbox-record.ts";
import { unneededImages } from "./unneeded-images.ts";

export interface PruneWork {
  readonly records: readonly SandboxRecord[];
  /** Images of agents that the next sandbox would be made of. */
  readonly current: readonly EngineId[];
  /** Whether they are only told. */
  readonly dryRun: boolean;
  /** Images of agents go too where they are older, in milliseconds since 1970. */
  readonly before?: number | undefined;
}

/**
 * Remove images of ours that no sandbox and no template needs. One of which a container is made, whoever's it is, is kept by the engine.
 *
 * @returns their names
 */
export async function pruneImages(parts: Pick<SandboxParts, "engine" | "templates" | "owner">, { records, current, dryRun, before }: PruneWork): Promise<readonly string[]> {
  const engine = await parts.engine();
  const templates = parts.templates.list();
  const used = new Set([...records.map(({ image }) => image), ...templates.map(({ image }) => image), ...current]);
  const unneeded = unneededImages(await engine.listImages("dev.sbx.image"), { used, templates: new Set(templates.map(({ reference }) => reference)), owner: parts.owner, before });
  if (dryRun) return unneeded;
  const removed: string[] = [];
  for (const reference of unneeded) {
    try {
      await engine.removeImage(reference);
      removed.push(reference);
    } catch (error) {
      if (!AppError.is(error) || error.code !== "ENGINE_FAILED") throw error;
    }
  }
  return removed;
}
