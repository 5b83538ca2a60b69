import { mkdir } from "node:fs/promises";
import { isWithin, profilePaths, SAME_IDS, type HostPlaces, type PreparedWorkspace, type WorkspaceRequest } from "@sbx/core";
import { openWorkspace } from "./check-workspace.ts";
import type { HeldMounts } from "./held-mounts.ts";
import { hiddenPaths, pathsInside } from "./hidden-paths.ts";
import { invalid, unsafe } from "./invalid.ts";
import { readJournal, writeJournal, type Journal } from "./journal.ts";
import type { MadeDirectories } from "./made-directories.ts";
import { openAbsolute } from "./open-place.ts";
import { outsideRepository } from "./outside-repository.ts";
import { targetOf, type Base, type BasePlan, type PlannedMount } from "./plan.ts";
import { planBase } from "./plan-base.ts";
import { planOutside } from "./plan-outside.ts";
import { NESTED_REPOSITORIES } from "./plan-protection.ts";
import { orderMounts, realiseMounts } from "./realise-mounts.ts";
import { scanTree } from "./scan-tree.ts";
import { swapFor, workloadUser, type WorkloadUser } from "./workload-user.ts";

export interface PrepareParts {
  readonly places: HostPlaces;
  readonly daemon: { readonly uid: number; readonly gid: number };
  /** Uids of this machine's accounts. */
  readonly accounts: ReadonlySet<number>;
  readonly made: MadeDirectories;
  /** `undefined` when this daemon may not mount. */
  readonly held: HeldMounts | undefined;
}

/**
 * Make what a container's mounts need, and say what they are. Repeatable: what an earlier run left is taken away first.
 *
 * @throws AppError `WORKSPACE_INVALID`, `WORKSPACE_UNSAFE`, `PLATFORM_UNSUPPORTED`
 */
export async function prepareWorkspace(parts: PrepareParts, request: WorkspaceRequest): Promise<PreparedWorkspace> {
  const before = await readJournal(request.directory);
  await mkdir(request.directory, { recursive: true, mode: 0o700 });
  await parts.held?.clear();
  using scope = new DisposableStack();
  const { bases, user } = openBases(parts, request, scope);
  const { outside: owner } = user;
  const roots = bases.map(({ path }) => path);
  const hide = await hiddenPaths(request, roots, before);
  const outside = outsideRepository(scope.use(openWorkspace(request.workspace, parts.places)), request.workspace, parts.places);
  const allow = await pathsInside(request.allowWrite, { workspace: request.workspace, bases: outside === undefined ? roots : [...roots, outside.common], option: "--allow-write" });
  const opened = (path: string): boolean => allow.some((place) => isWithin(path, place));
  const plans = await planAll({ bases, request, hide, opened, before });
  const link = outside === undefined ? "" : outside.gitDirectory;
  if (before !== undefined && before.workspace === request.workspace && (before.gitLinks[request.workspace] ?? "") !== link && before.gitLinks[request.workspace] !== undefined)
    throw unsafe(`The file "${request.workspace}/.git" names another repository than at the first start`, "If that was you, remove the sandbox with sbx rm and run it again.", {
      path: request.workspace,
    });
  if (outside !== undefined && !roots.some((root) => isWithin(outside.common, root)))
    plans.push(planOutsideBase(parts, { common: outside.common, user: owner, scope }, (base) => planOutside({ base, repository: outside, opened })));
  const planned = orderMounts(plans.flatMap(({ mounts }) => mounts));
  refuseBelow(allow, planned);
  for (const missing of plans.flatMap(({ make }) => make)) await parts.made.hold(request.id, missing);
  const realised = await realiseMounts({ planned, directory: request.directory, held: parts.held, owner, hide, isVerified: true });
  await writeJournal(request.directory, { version: 1, workspace: request.workspace, user: user.inside, expected: [...realised.expected], hidden: [...hide], gitLinks: { [request.workspace]: link } });
  return {
    mounts: realised.mounts,
    user: user.inside,
    protected: shown(planned, "protected", request.workspace),
    hidden: shown(
      plans.flatMap(({ mounts }) => mounts),
      "hidden",
      request.workspace,
    ),
    notices: [
      ...plans.flatMap(({ notices }) => notices),
      ...realised.tooLarge.map((path) => ({ kind: "other" as const, path, message: "is protected, and too large to be shown: it is empty inside" })),
    ],
    checkpoints: realised.expected.map(({ path }) => path),
  };
}

/** Open the directories of a sandbox, its workspace first. @throws AppError `WORKSPACE_INVALID`, `WORKSPACE_UNSAFE`, `PLATFORM_UNSUPPORTED` */
export function openBases(
  { places, daemon, accounts }: PrepareParts,
  { workspace, extra, as, ids = SAME_IDS }: WorkspaceRequest,
  scope: DisposableStack,
): { readonly bases: readonly Base[]; readonly user: WorkloadUser } {
  const place = scope.use(openWorkspace(workspace, places));
  const user = workloadUser(place, { daemon, ids, as, others: accounts });
  const { outside } = user;
  const bases: Base[] = [{ path: workspace, place, readonly: false, swap: swapFor(place, { user: outside, daemon, path: workspace }) }];
  for (const { path, readonly } of extra) {
    if (bases.some((base) => base.path === path)) throw invalid(`The directory "${path}" is given twice`, "Give each directory once.", { path });
    const further = scope.use(openWorkspace(path, places));
    bases.push({ path, place: further, readonly, swap: swapFor(further, { user: outside, daemon, path }) });
  }
  return { bases, user };
}

/** Plan what is mounted for each directory of a sandbox. */
export async function planAll({
  bases,
  request,
  hide,
  opened,
  before,
}: {
  readonly bases: readonly Base[];
  readonly request: WorkspaceRequest;
  readonly hide: readonly string[];
  readonly opened: (path: string) => boolean;
  /** What was prepared for the sandbox last. */
  readonly before: Journal | undefined;
}): Promise<BasePlan[]> {
  const plans: BasePlan[] = [];
  let nestedLeft = NESTED_REPOSITORIES;
  for (const base of bases) {
    const plan = planBase({
      base,
      scan: await scanTree(base.path),
      known: gitDirectoriesIn(before, base.path),
      further: base.path === request.workspace ? profilePaths(request.protect) : [],
      opened,
      hide,
      nestedLeft,
    });
    nestedLeft -= plan.nested;
    plans.push(plan);
  }
  return plans;
}

/** Git directories below a base that were protected: those called `.git` whose settings or hooks were a mount. */
function gitDirectoriesIn(before: Journal | undefined, base: string): readonly string[] {
  return (before?.expected ?? []).flatMap(({ path }) => {
    if (!path.startsWith(`${base}/`)) return [];
    const [, directory] = /^((?:.+\/)?\.git)\/(?:config|hooks)$/u.exec(path.slice(base.length + 1)) ?? [];
    return directory === undefined ? [] : [directory];
  });
}

function planOutsideBase(
  { daemon }: PrepareParts,
  { common, user, scope }: { readonly common: string; readonly user: PreparedWorkspace["user"]; readonly scope: DisposableStack },
  plan: (base: Base) => BasePlan,
): BasePlan {
  const opened = openAbsolute(common);
  if (typeof opened === "string") throw unsafe(`The repository "${common}" is ${opened === "missing" ? "gone" : "behind a symbolic link"}`, "Run the command again.");
  const place = scope.use(opened);
  return plan({ path: common, place, readonly: false, swap: swapFor(place, { user, daemon, path: common }) });
}

/** A path below a protected directory cannot be opened alone: say which can. */
function refuseBelow(allow: readonly string[], planned: readonly PlannedMount[]): void {
  for (const path of allow) {
    const above = planned.find((mount) => mount.purpose === "protected" && targetOf(mount) !== path && isWithin(path, targetOf(mount)));
    if (above !== undefined) throw invalid(`--allow-write ${path}: it lies in "${targetOf(above)}", which is read-only as a whole`, `Open that: --allow-write '${targetOf(above)}'`, { path });
  }
}

function shown(planned: readonly PlannedMount[], purpose: PlannedMount["purpose"], workspace: string): readonly string[] {
  return planned
    .filter((mount) => mount.purpose === purpose)
    .map(targetOf)
    .map((path) => (isWithin(path, workspace) && path !== workspace ? path.slice(workspace.length + 1) : path));
}
