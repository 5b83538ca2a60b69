import type { WorkspaceNotice } from "@sbx/contracts";
import type { IdSwap } from "./id-map.ts";
import type { OpenPlace } from "./open-place.ts";

/** A directory of the host that the sandbox sees at the same path: the workspace, a further one, or a repository beside it. */
export interface Base {
  readonly path: string;
  readonly place: OpenPlace;
  readonly readonly: boolean;
  /** Ids to swap on the way in; `undefined` when the workload has the owner's. */
  readonly swap: IdSwap | undefined;
}

/**
 * Where a mount's content comes from.
 *
 * `self`: the place itself, mounted once more, so that its name cannot be moved away. `copy`: what it holds now, in the
 * daemon's keeping. `empty-*`: nothing.
 */
export type Content = "self" | "copy" | "empty-file" | "empty-directory";

export interface PlannedMount {
  readonly base: Base;
  /** Relative to the base; empty for the base itself. */
  readonly path: string;
  readonly content: Content;
  readonly readonly: boolean;
  /** Why it is there, for what is shown to people. */
  readonly purpose: "base" | "part" | "chain" | "protected" | "masked" | "hidden";
}

/** What was decided about one base. `make` are missing directories, to be made on the host before they are mount points. */
export interface BasePlan {
  readonly mounts: PlannedMount[];
  readonly make: { readonly base: Base; readonly path: string }[];
  readonly notices: WorkspaceNotice[];
}

/** Absolute path of a planned mount, inside and on the host. */
export function targetOf({ base, path }: Pick<PlannedMount, "base" | "path">): string {
  return path === "" ? base.path : `${base.path}/${path}`;
}
