import { gitFileTarget, isWithin, parseGitConfig, resolvePath, whyForbidden, worktreeParts, type HostPlaces } from "@sbx/core";
import { unsafe } from "./invalid.ts";
import { openAbsolute, openIn, readIn, type OpenPlace } from "./open-place.ts";

/** A repository whose worktree the workspace is, but which lies beside it. */
export interface OutsideRepository {
  /** Where the shared parts are: objects, refs, logs. */
  readonly common: string;
  /** This worktree's own directory: the same as `common` for a submodule. */
  readonly gitDirectory: string;
}

const LINK_BYTES = 4096;
const CONFIG_BYTES = 1 << 20;

/**
 * Where the `.git` file of a workspace leads, if it has one that leads out of it.
 *
 * It is believed only when the repository says the same of the workspace: a `.git` file is content, and content could
 * name any directory of the host. Git writes both directions when it makes a worktree or a submodule.
 *
 * @throws AppError `WORKSPACE_UNSAFE` when they do not agree
 */
export function outsideRepository(workspace: OpenPlace, path: string, places: HostPlaces): OutsideRepository | undefined {
  const gitDirectory = namedDirectory(workspace, path);
  if (gitDirectory === undefined || isWithin(gitDirectory, path)) return undefined;
  const opened = openAbsolute(gitDirectory);
  if (typeof opened === "string") throw refuse(path, `names ${gitDirectory}, which ${opened === "missing" ? "is not there" : "lies behind a symbolic link"}`);
  using place = opened;
  const worktree = worktreeParts(gitDirectory);
  const common = worktree?.common ?? gitDirectory;
  const why = whyKeptOut(common, places);
  if (why !== undefined) throw refuse(path, `names ${common}, which ${why}`);
  const knowsIt = worktree === undefined ? isSubmodule(place, { path, gitDirectory }) : isWorktree(place, { path, common, gitDirectory });
  if (!knowsIt) throw refuse(path, `names ${gitDirectory}, but that repository knows nothing of this directory`);
  if (!hasRepository(common)) throw refuse(path, `names ${common}, which is no repository`);
  return { common, gitDirectory };
}

/** The directory that the `.git` file names, where `.git` is a file. */
function namedDirectory(workspace: OpenPlace, path: string): string | undefined {
  const git = openIn(workspace, ".git");
  if (typeof git === "string") return undefined;
  using held = git;
  if (held.kind !== "file") return undefined;
  const named = gitFileTarget(readIn(workspace, ".git", LINK_BYTES) ?? "");
  if (named === undefined) throw refuse(path, "is no file of git's");
  return resolvePath(path, named);
}

/** Why a directory of the host may not be shown as a repository. It may lie in a home, but not hold one. */
function whyKeptOut(common: string, places: HostPlaces): string | undefined {
  const holdsHome = places.homes.some((home) => isWithin(home, common));
  return whyForbidden(common, { ...places, homes: [] }) ?? (holdsHome ? "contains a home directory" : undefined);
}

function refuse(path: string, what: string): ReturnType<typeof unsafe> {
  return unsafe(`The file "${path}/.git" ${what}`, "Mend it with git worktree repair or git submodule absorbgitdirs, or remove the file to work without git.", { path });
}

function isWorktree(place: OpenPlace, { path, common, gitDirectory }: { readonly path: string; readonly common: string; readonly gitDirectory: string }): boolean {
  const back = readIn(place, "gitdir", LINK_BYTES)?.trimEnd();
  const shared = readIn(place, "commondir", LINK_BYTES)?.trimEnd();
  return back !== undefined && shared !== undefined && resolvePath(gitDirectory, back) === `${path}/.git` && resolvePath(gitDirectory, shared) === common;
}

function isSubmodule(place: OpenPlace, { path, gitDirectory }: { readonly path: string; readonly gitDirectory: string }): boolean {
  const worktree = parseGitConfig(readIn(place, "config", CONFIG_BYTES) ?? "").findLast(({ key }) => key === "core.worktree")?.value;
  return /\/\.git\/modules\/.+/u.test(gitDirectory) && worktree !== undefined && resolvePath(gitDirectory, worktree) === path;
}

function hasRepository(common: string): boolean {
  const opened = openAbsolute(common);
  if (typeof opened === "string") return false;
  using place = opened;
  return ["HEAD", "objects", "refs", "config"].every((name) => {
    const entry = openIn(place, name);
    if (typeof entry === "string") return false;
    using held = entry;
    return held.kind === "directory" || held.kind === "file";
  });
}
