import type { WorkspaceNotice } from "@sbx/contracts";
import { isWithin, parentsOf, type ProtectedPath } from "@sbx/core";
import { findNotices } from "./find-notices.ts";
import { openIn, type PlaceKind } from "./open-place.ts";
import { targetOf, type Base, type BasePlan, type PlannedMount } from "./plan.ts";
import { NESTED_REPOSITORIES, planProtection, tooManyRepositories } from "./plan-protection.ts";
import type { TreeScan } from "./scan-tree.ts";

const MAX_MASKS = 100;

export interface BaseRequest {
  readonly base: Base;
  readonly scan: TreeScan;
  readonly further: readonly ProtectedPath[];
  readonly opened: (path: string) => boolean;
  /** Absolute paths that are empty inside. */
  readonly hide: readonly string[];
  /** Git directories that were protected before, relative to the base: those are looked after first. */
  readonly known: readonly string[];
  /** Nested repositories that may still be protected, over all bases. */
  readonly nestedLeft: number;
}

/** Everything that is mounted for one directory that a person gave: itself, protected paths, masks, hidden paths. */
export function planBase({ base, scan, known, further, opened, hide, nestedLeft }: BaseRequest): BasePlan & { readonly nested: number } {
  const found = [...new Set([...known.filter((path) => kindOf(base, path) === "directory"), ...scan.gitDirectories])];
  // The workspace's own is not left to a search that can be led astray or end early.
  const own = kindOf(base, ".git");
  const top = own === "directory" ? [".git"] : [];
  const nested = found.filter((path) => path !== ".git");
  const gitFiles = [...new Set([...(own === "file" ? [".git"] : []), ...scan.gitFiles])];
  const kept = base.readonly ? [] : nested.slice(0, nestedLeft);
  const protection: BasePlan = base.readonly
    ? { mounts: [], make: [], notices: [] }
    : planProtection({ base, gitDirectories: [...top, ...kept], gitFiles: gitFiles.slice(0, NESTED_REPOSITORIES), further, opened });
  const hidden = planHidden(base, hide);
  const notices: WorkspaceNotice[] = [
    ...findNotices({ base, scan, hidden: (path) => hide.some((place) => isWithin(path, place)) }),
    ...protection.notices,
    ...(base.readonly ? [] : tooManyRepositories(base, nested.slice(nestedLeft))),
    ...hidden.notices,
    ...scan.channels.slice(0, MAX_MASKS).map((path): WorkspaceNotice => ({
      kind: "socket-masked",
      path: targetOf({ base, path }),
      message: "is a socket or pipe that leads out of the sandbox; an empty file stands in its place inside",
    })),
  ];
  const itself: PlannedMount = { base, path: "", content: "self", readonly: base.readonly, purpose: "base" };
  const masks = scan.channels.slice(0, MAX_MASKS).map((path): PlannedMount => ({ base, path, content: "empty-file", readonly: true, purpose: "masked" }));
  return { mounts: [itself, ...protection.mounts, ...masks, ...hidden.mounts], make: protection.make, notices, nested: kept.length };
}

function kindOf(base: Base, path: string): PlaceKind | undefined {
  const opened = openIn(base.place, path);
  if (typeof opened === "string") return undefined;
  using place = opened;
  return place.kind;
}

/**
 * A hidden path that is not there is left alone: a mount there would make it on the host. A link is hidden by hiding what it names.
 * The directories above one cannot be moved away, which would take it to a path where nobody knows that it is hidden: in the next
 * run, in a server, in a container of the agent's.
 */
function planHidden(base: Base, hide: readonly string[]): Pick<BasePlan, "mounts" | "notices"> {
  const plan: Pick<BasePlan, "mounts" | "notices"> = { mounts: [], notices: [] };
  for (const target of hide.filter((path) => isWithin(path, base.path))) {
    const path = target.slice(base.path.length + 1);
    const opened = openIn(base.place, path);
    if (opened === "missing") plan.notices.push({ kind: "other", path: target, message: "is not there, so there is nothing to hide" });
    if (typeof opened === "string") continue;
    using place = opened;
    if (place.kind === "link") continue;
    if (!base.readonly) for (const above of parentsOf(path, "")) plan.mounts.push({ base, path: above, content: "self", readonly: false, purpose: "chain" });
    plan.mounts.push({ base, path, content: place.kind === "directory" ? "empty-directory" : "empty-file", readonly: true, purpose: "hidden" });
  }
  return plan;
}
