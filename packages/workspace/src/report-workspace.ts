import { readlink } from "node:fs/promises";
import type { WorkspaceReport } from "@sbx/contracts";
import { isGitDirectory, isWithin, resolvePath, whyConfigRuns, whyModeMatters, whyPathRuns, type WorkspaceRequest } from "@sbx/core";
import { openAbsolute, type OpenPlace } from "./open-place.ts";
import { comparedText, isGitConfig, readSnapshot, seenOf, type TreeSnapshot } from "./snapshot-workspace.ts";
import { walkFiles, type WalkedFile } from "./walk-files.ts";

/** How much a report lists. What would run on the host is listed apart, and first cut last. */
const REPORT_LIMITS = { changed: 1000, runsOnHost: 500 } as const;

type Change = WorkspaceReport["changed"][number];

/**
 * Tell what a run left: what changed, and what of it would run on the host. Paths are relative to the workspace, those
 * in further directories absolute. Without a snapshot everything counts as added.
 */
export async function reportWorkspace({ directory, workspace, extra }: WorkspaceRequest): Promise<WorkspaceReport> {
  const snapshot = await readSnapshot(directory);
  const changed: Change[] = [];
  const runsOnHost: WorkspaceReport["runsOnHost"] = [];
  let truncated = false;
  for (const root of [workspace, ...extra.filter(({ readonly }) => !readonly).map(({ path }) => path)]) {
    const report = await reportTree(root, snapshot?.trees[root] ?? { files: {}, truncated: false, texts: {} });
    const name = (path: string): string => (root === workspace ? path : `${root}/${path}`);
    changed.push(...report.changed.map(({ path, change }) => ({ path: name(path), change })));
    runsOnHost.push(...report.runsOnHost.map(({ path, why }) => ({ path: name(path), why })));
    truncated ||= report.truncated;
  }
  return { changed: changed.slice(0, REPORT_LIMITS.changed), truncated: truncated || changed.length > REPORT_LIMITS.changed, runsOnHost: runsOnHost.slice(0, REPORT_LIMITS.runsOnHost) };
}

async function reportTree(root: string, before: TreeSnapshot): Promise<WorkspaceReport> {
  const opened = openAbsolute(root);
  if (typeof opened === "string") return { changed: [{ path: ".", change: "removed" }], truncated: false, runsOnHost: [] };
  using place = opened;
  const { files, truncated } = await walkFiles(root);
  const now = new Set(files.map(({ path }) => path));
  const changes = files.flatMap((file): readonly (readonly [WalkedFile, Change["change"]])[] => {
    const seen = before.files[file.path];
    if (seen === undefined) return [[file, "added"]];
    const same = file.kind === "directory" ? seen[0] === "directory" && seen[1] === file.mode : seenOf(file).every((value, index) => value === seen[index]);
    return same ? [] : [[file, "modified"]];
  });
  const removed = truncated || before.truncated ? [] : Object.entries(before.files).filter(([path, [kind]]) => kind !== "directory" && !now.has(path)).map(([path]): Change => ({ path, change: "removed" }));
  const runsOnHost: WorkspaceReport["runsOnHost"] = gitDirectories(files, before);
  for (const [file] of changes) {
    const why = await whyItRuns({ root, place, file, before });
    if (why !== undefined) runsOnHost.push({ path: file.path, why });
  }
  const shown = changes.filter(([{ kind, path }]) => kind !== "directory" && !/(?:^|\/)\.git\//u.test(path)).map(([{ path }, change]): Change => ({ path, change }));
  return { changed: [...shown, ...removed.filter(({ path }) => !/(?:^|\/)\.git\//u.test(path))], truncated: truncated || before.truncated, runsOnHost };
}

interface Asked {
  readonly root: string;
  readonly place: OpenPlace;
  readonly file: WalkedFile;
  readonly before: TreeSnapshot;
}

async function whyItRuns({ root, place, file, before }: Asked): Promise<string | undefined> {
  const { path, kind, mode } = file;
  if (kind === "special") return "is a socket, pipe or device that programs on the host may open";
  if (kind === "link") return (await whyLinkMatters(root, path)) ?? whyPathRuns(path);
  const byMode = whyModeMatters(mode);
  if (byMode !== undefined || kind === "directory") return byMode;
  if (isGitConfig(path)) return whyConfigRuns(before.texts[path] ?? "", comparedText(place, path) ?? "");
  const text = comparedText(place, path);
  if (text === undefined) return whyPathRuns(path);
  return haveScriptsChanged(before.texts[path], text) ? "scripts that the package manager runs changed" : undefined;
}

/** Whether a manifest's scripts are other ones than before; a new manifest is reported only when it has some. */
function haveScriptsChanged(before: string | undefined, now: string): boolean {
  if (now === before || now === "") return false;
  return before !== undefined || /"(?:scripts|bin|husky|lint-staged|simple-git-hooks|pnpm)",(?!null)/u.test(now);
}

async function whyLinkMatters(root: string, path: string): Promise<string | undefined> {
  const target = await readlink(`${root}/${path}`).catch(() => undefined);
  if (target === undefined) return undefined;
  const parent = path.includes("/") ? `${root}/${path.slice(0, path.lastIndexOf("/"))}` : root;
  return isWithin(resolvePath(parent, target), root) ? undefined : `is a link out of the workspace, to ${target.replaceAll(/\p{Cc}/gu, "?").slice(0, 200)}`;
}

/** Git directories that were not there before, under any name: git on the host runs what their settings name. */
function gitDirectories(files: readonly WalkedFile[], before: TreeSnapshot): WorkspaceReport["runsOnHost"] {
  const names = new Map<string, Set<string>>();
  for (const { path } of files) {
    const cut = path.lastIndexOf("/");
    const parent = cut < 0 ? "" : path.slice(0, cut);
    names.set(parent, (names.get(parent) ?? new Set()).add(path.slice(cut + 1)));
  }
  return [...names].filter(([path, inside]) => path !== "" && isGitDirectory(inside) && before.files[`${path}/HEAD`] === undefined).map(([path]) => ({ path, why: "is a new git directory: git on the host runs programs that its settings name" }));
}
