import { lstat, readdir } from "node:fs/promises";
import { importantFirst, MAX_NAMES, type ImportantFirst } from "./important-first.ts";

/** How much of a workspace a report looks at. */
const WALK_LIMITS: WalkLimits = { names: MAX_NAMES, entries: 60_000, milliseconds: 6000 };

/** `names`: of one directory; `entries`: of all. */
export interface WalkLimits {
  readonly names: number;
  readonly entries: number;
  readonly milliseconds: number;
}

export interface WalkedFile {
  /** Relative to the root. */
  readonly path: string;
  readonly kind: "directory" | "file" | "link" | "special";
  readonly mode: number;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
}

/**
 * Every entry below a directory, following no link, without git's objects. Settings come before other files, own files
 * before installed packages, so that a limit cuts those.
 */
export async function walkFiles(root: string, limits: WalkLimits = WALK_LIMITS): Promise<{ readonly files: readonly WalkedFile[]; readonly truncated: boolean }> {
  const files: WalkedFile[] = [];
  const soon = [""];
  const later: string[] = [];
  const until = performance.now() + limits.milliseconds;
  let truncated = false;
  for (let at = soon.shift() ?? later.shift(); at !== undefined; at = soon.shift() ?? later.shift()) {
    const { entries: names, isCut } = await namesIn(root, at, limits.names);
    truncated ||= isCut;
    if (files.length + names.length > limits.entries || performance.now() > until) return { files, truncated: true };
    const prefix = at === "" ? "" : `${at}/`;
    const found = await Promise.all(names.map((name) => walked(root, prefix + name)));
    for (const file of found.filter((one) => one !== undefined)) {
      files.push(file);
      if (isWalked(file)) (isInstalled(file.path) ? later : soon).push(file.path);
    }
  }
  return { files, truncated };
}

async function namesIn(root: string, at: string, most: number): Promise<ImportantFirst<string>> {
  return importantFirst(await readdir(at === "" ? root : `${root}/${at}`).catch(() => []), (name) => name, most);
}

/** Git's objects are many, and no program of the host runs them. */
function isWalked({ kind, path }: WalkedFile): boolean {
  return kind === "directory" && !/(?:^|\/)(?:\.git|\.git\/modules\/.+)\/objects$/u.test(path);
}

function isInstalled(path: string): boolean {
  return /(?:^|\/)(?:node_modules|\.venv)$/u.test(path);
}

async function walked(root: string, path: string): Promise<WalkedFile | undefined> {
  const stat = await lstat(`${root}/${path}`).catch(() => undefined);
  if (stat === undefined) return undefined;
  const kind = stat.isDirectory() ? "directory" : stat.isFile() ? "file" : stat.isSymbolicLink() ? "link" : "special";
  return { path, kind, mode: stat.mode, sizeBytes: stat.size, mtimeMs: stat.mtimeMs, ctimeMs: stat.ctimeMs, ino: stat.ino };
}
