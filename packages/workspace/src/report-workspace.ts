import { readlink } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import type { WorkspaceReport } from "@sbx/contracts";
import { isGitDirectory, isWithin, resolvePath, whyConfigRuns, whyLinkRuns, whyModeMatters, whyPathRuns, type WorkspaceRequest } from "@sbx/core";
import { openAbsolute, type OpenPlace } from "./open-place.ts";
import { readSnapshot, seenOf, type TreeSnapshot } from "./snapshot-workspace.ts";
import { isCompared, isGitConfig, TextReader } from "./text-reader.ts";
import { walkFiles, type WalkedFile } from "./walk-files.ts";

/** How much a report lists. What would run on the host is listed apart, and first cut last. */
const REPORT_LIMITS = { changed: 1000, runsOnHost: 500 } as const;
/** How many files are judged before other work of the daemon goes on. */
const FILES_PER_TURN = 100;
/** Of a file that may run, but was not read. */
const NOT_READ = "was not looked into: more files changed than a report reads";
const LINKED = "may name programs, but is a link to another file";

type Change = WorkspaceReport["changed"][number];
type Runs = WorkspaceReport["runsOnHost"];

interface TreeReport extends WorkspaceReport {
  /** What may run on the host and was not read. */
  readonly notRead: Runs;
}

/**
 * Tell what a run left: what changed, and what of it would run on the host. Paths are relative to the workspace, those
 * in further directories absolute. Without a snapshot everything counts as added. What cannot be read or judged counts
 * as running on the host; what was left unread because of a limit comes last and makes the report `truncated`.
 */
export async function reportWorkspace({ directory, workspace, extra }: WorkspaceRequest): Promise<WorkspaceReport> {
  const snapshot = await readSnapshot(directory);
  const changed: Change[] = [];
  const runsOnHost: Runs = [];
  const notRead: Runs = [];
  const reader = new TextReader();
  let truncated = false;
  for (const root of [workspace, ...extra.filter(({ readonly }) => !readonly).map(({ path }) => path)]) {
    const report = await reportTree(root, snapshot?.trees[root] ?? { files: {}, truncated: false, texts: {} }, reader);
    const name = (path: string): string => (root === workspace ? path : `${root}/${path}`);
    changed.push(...report.changed.map(({ path, change }) => ({ path: name(path), change })));
    runsOnHost.push(...report.runsOnHost.map(({ path, why }) => ({ path: name(path), why })));
    notRead.push(...report.notRead.map(({ path, why }) => ({ path: name(path), why })));
    truncated ||= report.truncated || reader.isCut;
  }
  const runs = [...runsOnHost, ...notRead];
  const cut = changed.length > REPORT_LIMITS.changed || runs.length > REPORT_LIMITS.runsOnHost;
  return { changed: changed.slice(0, REPORT_LIMITS.changed), truncated: truncated || cut, runsOnHost: runs.slice(0, REPORT_LIMITS.runsOnHost) };
}

async function reportTree(root: string, before: TreeSnapshot, reader: TextReader): Promise<TreeReport> {
  const opened = openAbsolute(root);
  if (typeof opened === "string") return { changed: [{ path: ".", change: "removed" }], truncated: false, runsOnHost: [], notRead: [] };
  using place = opened;
  const { files, truncated } = await walkFiles(root);
  const now = new Set(files.map(({ path }) => path));
  const changes = files.flatMap((file): readonly (readonly [WalkedFile, Change["change"]])[] => {
    const seen = before.files[file.path];
    if (seen === undefined) return [[file, "added"]];
    const same = file.kind === "directory" ? seen[0] === "directory" && seen[1] === file.mode : seenOf(file).every((value, index) => value === seen[index]);
    return same ? [] : [[file, "modified"]];
  });
  const removed =
    truncated || before.truncated
      ? []
      : Object.entries(before.files)
          .filter(([path, [kind]]) => kind !== "directory" && !now.has(path))
          .map(([path]): Change => ({ path, change: "removed" }));
  const judged = await judge({ root, place, before, reader }, changes);
  const shown = changes.filter(([{ kind, path }]) => kind !== "directory" && !/(?:^|\/)\.git\//u.test(path)).map(([{ path }, change]): Change => ({ path, change }));
  return {
    changed: [...shown, ...removed.filter(({ path }) => !/(?:^|\/)\.git\//u.test(path))],
    truncated: truncated || before.truncated,
    runsOnHost: [...gitDirectories(files, before), ...judged.runsOnHost],
    notRead: judged.notRead,
  };
}

interface Asked {
  readonly root: string;
  readonly place: OpenPlace;
  readonly before: TreeSnapshot;
  readonly reader: TextReader;
}

/** Changed files come before added ones, so that no number of new files keeps a report from reading the settings that were there. */
async function judge(asked: Asked, changes: readonly (readonly [WalkedFile, Change["change"]])[]): Promise<{ readonly runsOnHost: Runs; readonly notRead: Runs }> {
  const runsOnHost: Runs = [];
  const notRead: Runs = [];
  const ordered = [...changes.filter(([, change]) => change !== "added"), ...changes.filter(([, change]) => change === "added")];
  for (const [index, [file]] of ordered.entries()) {
    if (index % FILES_PER_TURN === 0) await setImmediate();
    const why = await whyItRuns(asked, file);
    if (why !== undefined) (why === NOT_READ ? notRead : runsOnHost).push({ path: file.path, why });
  }
  return { runsOnHost, notRead };
}

async function whyItRuns(asked: Asked, { path, kind, mode }: WalkedFile): Promise<string | undefined> {
  if (kind === "special") return "is a socket, pipe or device that programs on the host may open";
  if (kind === "link") return (await whyLinkMatters(asked.root, path)) ?? (isCompared(path) ? LINKED : whyLinkRuns(path));
  const byMode = whyModeMatters(mode);
  if (byMode !== undefined || kind === "directory") return byMode;
  return isCompared(path) ? await whyTextRuns(asked, path) : whyPathRuns(path);
}

/** By what a file says, and by its path: one called like git's settings may be another program's. */
async function whyTextRuns({ place, before, reader }: Asked, path: string): Promise<string | undefined> {
  const compared = await reader.read(place, path);
  const byPath = whyPathRuns(path);
  if (compared === undefined) return byPath ?? NOT_READ;
  if ("unknown" in compared) return byPath ?? `may name programs, but ${compared.unknown}`;
  const was = before.texts[path];
  if (isGitConfig(path)) return whyConfigRuns(was ?? "", compared.text) ?? byPath;
  return haveScriptsChanged(was, compared.text) ? "scripts that the package manager runs changed" : byPath;
}

/** Whether a manifest's scripts are other ones than before; a new manifest is reported only when it has some. */
function haveScriptsChanged(before: string | undefined, now: string): boolean {
  if (now === before) return false;
  return before !== undefined || /"(?:scripts|bin|husky|lint-staged|simple-git-hooks|pnpm|packageManager)",(?!null)/u.test(now);
}

async function whyLinkMatters(root: string, path: string): Promise<string | undefined> {
  const target = await readlink(`${root}/${path}`).catch(() => undefined);
  if (target === undefined) return undefined;
  const parent = path.includes("/") ? `${root}/${path.slice(0, path.lastIndexOf("/"))}` : root;
  return isWithin(resolvePath(parent, target), root) ? undefined : `is a link out of the workspace, to ${target.replaceAll(/\p{Cc}/gu, "?").slice(0, 200)}`;
}

/** Git directories that were not there before, under any name: git on the host runs what their settings name. */
function gitDirectories(files: readonly WalkedFile[], before: TreeSnapshot): Runs {
  const names = new Map<string, Set<string>>();
  for (const { path } of files) {
    const cut = path.lastIndexOf("/");
    const parent = cut < 0 ? "" : path.slice(0, cut);
    names.set(parent, (names.get(parent) ?? new Set()).add(path.slice(cut + 1)));
  }
  return [...names]
    .filter(([path, inside]) => path !== "" && isGitDirectory(inside) && before.files[`${path}/HEAD`] === undefined)
    .map(([path]) => ({ path, why: "is a new git directory: git on the host runs programs that its settings name" }));
}
