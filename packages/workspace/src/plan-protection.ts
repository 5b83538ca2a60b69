import type { WorkspaceNotice } from "@sbx/contracts";
import { gitDirectoryPaths, isPlainRelative, isWithin, parentsOf, parseGitConfig, programSettings, remotesWithSecrets, resolvePath, SETTINGS_PATHS, type ProtectedPath } from "@sbx/core";
import { gitParts } from "./git-parts.ts";
import { openIn, readIn } from "./open-place.ts";
import { targetOf, type Base, type BasePlan } from "./plan.ts";

/** Repositories below the top one whose git directories are protected. Each costs renames across its border. */
export const NESTED_REPOSITORIES = 16;
const CONFIG_BYTES = 1 << 20;

export interface ProtectRequest {
  readonly base: Base;
  /** Git directories, relative to the base, the top one first; already cut to the limit. */
  readonly gitDirectories: readonly string[];
  /** `.git` files of nested worktrees and submodules. */
  readonly gitFiles: readonly string[];
  /** Further paths, from the agent's profile. */
  readonly further: readonly ProtectedPath[];
  /** Whether the person opened this absolute path. */
  readonly opened: (path: string) => boolean;
}

/**
 * Decide which paths of one base are read-only, and which must be mount points so that those cannot be moved away.
 *
 * A mount stands on a file, not on its name: when the *host* replaces a protected file while a sandbox runs (`git config`
 * does, by rename), the kernel takes the mount away and the new file can be written inside. The report at the end of the
 * run compares with the state at its start, so what was done there is told.
 */
export function planProtection(request: ProtectRequest): BasePlan {
  const plan: BasePlan = { mounts: [], make: [], notices: [] };
  const { base, gitDirectories, gitFiles, further } = request;
  for (const entry of [...SETTINGS_PATHS, ...further]) protect(entry, request, plan);
  for (const gitDirectory of gitDirectories) {
    planRepository(gitDirectory, request, plan);
    const top = gitDirectory.replace(/\/?\.git$/u, "");
    if (top !== "" && top !== gitDirectory) for (const entry of SETTINGS_PATHS) protect({ ...entry, path: `${top}/${entry.path}`, make: false }, request, plan);
  }
  for (const path of gitFiles) protect({ path, kind: "file", make: false }, request, plan);
  if (base.readonly) plan.make.length = 0;
  return plan;
}

/** Protect one git directory: what decides which programs run, and the directories on the way there. */
export function planRepository(gitDirectory: string, request: ProtectRequest, plan: BasePlan): void {
  const { base, opened } = request;
  const parts = gitParts(base.place, gitDirectory);
  if (parts.truncated)
    plan.notices.push({ kind: "nested-unprotected", path: targetOf({ base, path: gitDirectory }), message: "has so many submodules or worktrees that the last ones are not protected" });
  const inside = (path: string): string => (gitDirectory === "" ? path : `${gitDirectory}/${path}`);
  const entries = [...gitDirectoryPaths(parts).map((entry) => ({ ...entry, path: inside(entry.path) })), ...configuredPaths(gitDirectory, request, plan)];
  const kept = entries.filter((entry) => protect(entry, request, plan));
  const chain = new Set(kept.flatMap(({ path }) => (isWithin(path, gitDirectory) || gitDirectory === "" ? parentsOf(path, gitDirectory) : [])));
  for (const path of chain) {
    if (path !== "" && !opened(targetOf({ base, path }))) plan.mounts.push({ base, path, content: "self", readonly: false, purpose: "chain" });
  }
}

/** Plan one protected path. @returns whether it is protected now */
function protect(entry: ProtectedPath, { base, opened }: ProtectRequest, plan: BasePlan): boolean {
  const target = targetOf({ base, path: entry.path });
  if (opened(target) || plan.mounts.some(({ path, content }) => content === "copy" && isWithin(entry.path, path))) return false;
  const found = openIn(base.place, entry.path);
  if (found === "missing") return entry.make && makeMissing(entry, base, plan);
  if (found === "through-link") return tellLink(target, plan);
  using place = found;
  if (place.kind === "link") return tellLink(target, plan);
  plan.mounts.push({ base, path: entry.path, content: place.kind === "special" ? "empty-file" : "copy", readonly: true, purpose: "protected" });
  return true;
}

/** A missing directory is made when its parent is there, so that the agent cannot make it. */
function makeMissing({ path }: ProtectedPath, base: Base, plan: BasePlan): boolean {
  const above = openIn(base.place, path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "");
  if (typeof above === "string") return false;
  using parent = above;
  if (parent.kind !== "directory" || base.readonly) return false;
  plan.make.push({ base, path });
  plan.mounts.push({ base, path, content: "empty-directory", readonly: true, purpose: "protected" });
  return true;
}

function tellLink(target: string, plan: BasePlan): false {
  plan.notices.push({ kind: "protected-link", path: target, message: "is a symbolic link or lies behind one, so the agent can replace it; look at it after the run" });
  return false;
}

/** Paths that a repository's own configuration takes programs or settings from, and notices about what stands there. */
function configuredPaths(gitDirectory: string, { base }: ProtectRequest, plan: BasePlan): readonly ProtectedPath[] {
  const text = readIn(base.place, gitDirectory === "" ? "config" : `${gitDirectory}/config`, CONFIG_BYTES);
  if (text === undefined) return [];
  const settings = parseGitConfig(text);
  const path = targetOf({ base, path: gitDirectory === "" ? "config" : `${gitDirectory}/config` });
  for (const { key, address } of remotesWithSecrets(settings))
    plan.notices.push({ kind: "credential", path, message: `${key} holds a password or token for ${address}, which the agent can read; store it in a credential helper instead` });
  if (settings.some(({ key, value }) => key === "extensions.worktreeconfig" && value !== "false") && openMissing(base, gitDirectory))
    plan.notices.push({ kind: "other", path, message: "turns on config.worktree, which is missing, so the agent can make it; make an empty one to have it protected" });
  const top = targetOf({ base, path: gitDirectory.replace(/\/?\.git$/u, "") });
  return programSettings(settings).flatMap(({ key, value }) => {
    const place =
      key === "core.hookspath"
        ? resolvePath(top, value)
        : /^(?:include|includeif\..*)\.path$/su.test(key)
          ? resolvePath(targetOf({ base, path: gitDirectory }), value)
          : /^core\.(?:attributesfile|fsmonitor)$/u.test(key)
            ? resolvePath(top, value)
            : undefined;
    if (place === undefined || value.startsWith("~") || place === base.path || !isWithin(place, base.path)) return [];
    const relative = place.slice(base.path.length + 1);
    return isPlainRelative(relative) ? [{ path: relative, kind: key === "core.hookspath" ? ("directory" as const) : ("file" as const), make: key === "core.hookspath" }] : [];
  });
}

function openMissing(base: Base, gitDirectory: string): boolean {
  const found = openIn(base.place, gitDirectory === "" ? "config.worktree" : `${gitDirectory}/config.worktree`);
  if (typeof found === "string") return found === "missing";
  found[Symbol.dispose]();
  return false;
}

/** What a person should know about repositories that are more than are protected. */
export function tooManyRepositories(base: Base, left: readonly string[]): readonly WorkspaceNotice[] {
  if (left.length === 0) return [];
  return [
    { kind: "too-many-repositories", path: base.path, message: `has more than ${NESTED_REPOSITORIES} nested repositories; the agent can change the hooks and settings of ${left.length} of them` },
    ...left.slice(0, 10).map((path): WorkspaceNotice => ({ kind: "nested-unprotected", path: targetOf({ base, path }), message: "is a repository whose hooks and settings the agent can change" })),
  ];
}
