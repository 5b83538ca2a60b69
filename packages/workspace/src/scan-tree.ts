import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { credentialByName, hasControlCharacter, isGitDirectory } from "@sbx/core";
import { importantFirst, MAX_NAMES, type ImportantFirst } from "./important-first.ts";

/** How much of a workspace is looked at before a start. */
export const SCAN_LIMITS: ScanLimits = { names: MAX_NAMES, entries: 100_000, milliseconds: 4000, findings: 200 };

/** `names`: of one directory; `entries`: of all; `findings`: of one kind. */
export interface ScanLimits {
  readonly names: number;
  readonly entries: number;
  readonly milliseconds: number;
  readonly findings: number;
}

export interface TreeScan {
  /** Git directories below the root, the root's own first; relative. */
  readonly gitDirectories: readonly string[];
  /** `.git` files (worktrees, submodules), relative. */
  readonly gitFiles: readonly string[];
  /** `.git` that is a link. */
  readonly gitLinks: readonly string[];
  /** Sockets and named pipes. */
  readonly channels: readonly string[];
  /** Files whose name says that they may hold a credential. */
  readonly credentials: readonly string[];
  /** Names with control characters: they cannot be mounts. */
  readonly unnameable: number;
  readonly truncated: boolean;
}

/** Directories of installed packages. */
const INSTALLED: ReadonlySet<string> = new Set(["node_modules", ".venv"]);

type Found = { -readonly [K in keyof TreeScan]: TreeScan[K] extends readonly string[] ? string[] : TreeScan[K] };

/**
 * Walk a tree by names, following no link, ordinary directories before those of installed packages.
 *
 * What it says decides nothing alone: whatever is mounted is opened again without following links.
 */
export async function scanTree(root: string, limits: ScanLimits = SCAN_LIMITS): Promise<TreeScan> {
  const found: Found = { gitDirectories: [], gitFiles: [], gitLinks: [], channels: [], credentials: [], unnameable: 0, truncated: false };
  const soon = [""];
  const later: string[] = [];
  const until = performance.now() + limits.milliseconds;
  let entries = 0;
  for (let at = soon.shift() ?? later.shift(); at !== undefined; at = soon.shift() ?? later.shift()) {
    const { entries: list, isCut } = await listOf(root, at, limits.names);
    entries += list.length;
    found.truncated ||= isCut;
    if (entries > limits.entries || performance.now() > until) return { ...found, truncated: true };
    noteDirectory(at, list, found);
    for (const entry of list) {
      const path = at === "" ? entry.name : `${at}/${entry.name}`;
      noteEntry(path, entry, found);
      if (isScanned(path, entry)) (INSTALLED.has(entry.name) ? later : soon).push(path);
    }
  }
  return found;
}

async function listOf(root: string, at: string, most: number): Promise<ImportantFirst<Dirent>> {
  return importantFirst(await readdir(at === "" ? root : `${root}/${at}`, { withFileTypes: true }).catch(() => []), ({ name }) => name, most);
}

function isScanned(path: string, entry: Dirent): boolean {
  return entry.isDirectory() && !hasControlCharacter(entry.name) && !isObjectStore(path);
}

function isObjectStore(path: string): boolean {
  return /(?:^|\/)(?:\.git|\.git\/modules\/.+)\/objects$/u.test(path);
}

/** One that is called `.git` is one, whatever is in it: a sandbox can take out for a while what makes it one for git. */
function noteDirectory(path: string, list: readonly Dirent[], found: Found): void {
  const inGitDirectory = /(?:^|\/)\.git\//u.test(path);
  if (path === "" || inGitDirectory) return;
  if (!/(?:^|\/)\.git$/u.test(path) && !isGitDirectory(new Set(list.map(({ name }) => name)))) return;
  if (found.gitDirectories.length < SCAN_LIMITS.findings) found.gitDirectories.push(path);
}

function noteEntry(path: string, entry: Dirent, found: Found): void {
  if (hasControlCharacter(path)) {
    found.unnameable += 1;
    return;
  }
  for (const list of listsOf(path, entry, found)) {
    if (list.length < SCAN_LIMITS.findings) list.push(path);
  }
}

/** The lists that an entry belongs to. */
function listsOf(path: string, entry: Dirent, found: Found): readonly string[][] {
  const lists: string[][] = [];
  if (entry.name === ".git" && entry.isFile()) lists.push(found.gitFiles);
  if (entry.name === ".git" && entry.isSymbolicLink()) lists.push(found.gitLinks);
  if (entry.isSocket() || entry.isFIFO()) lists.push(found.channels);
  if (entry.isFile() && !/(?:^|\/)node_modules\//u.test(path) && credentialByName(path) !== undefined) lists.push(found.credentials);
  return lists;
}
