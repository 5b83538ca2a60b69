import { isWithin } from "./protected-paths.ts";

/**
 * Whether later mounts of the host show in a bind. None do, but below the engine's own files (`dataRoot`), where Docker insists that they
 * do: one way only, so that nothing that a container mounts gets out.
 */
export function bindPropagation(source: string, dataRoot: string | undefined): "rslave" | "rprivate" {
  return dataRoot !== undefined && isWithin(source, dataRoot) ? "rslave" : "rprivate";
}
