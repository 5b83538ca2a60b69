import { lstat, readdir } from "node:fs/promises";

/** How much of a workspace a report looks at. */
const WALK_LIMITS = { entries: 60_000, milliseconds: 6000 } as const;

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
 * Every entry below a directory, following no link, without git's objects. Own files come before installed packages, so
 * that a limit cuts those.
 */
export async function walkFiles(
  root: string,
  limits: { readonly entries: number; readonly milliseconds: number } = WALK_LIMITS,
): Promise<{ readonly files: readonly WalkedFile[]; readonly truncated: boolean }> {
  const files: WalkedFile[] = [];
  const soon = [""];
  const later: string[] = [];
  const until = performance.now() + limits.milliseconds;
  for (let at = soon.shift() ?? later.shift(); at !== undefined; at = soon.shift() ?? later.shift()) {
    const directory = at;
    const names = await readdir(directory === "" ? root : `${root}/${directory}`).catch(() => []);
    if (files.length + names.length > limits.entries || performance.now() > until) return { files, truncated: true };
    const found = await Promise.all(names.map((name) => walked(root, directory === "" ? name : `${directory}/${name}`)));
    for (const file of found) {
      if (file === undefined) continue;
      files.push(file);
      if (isWalked(file)) (isInstalled(file.path) ? later : soon).push(file.path);
    }
  }
  return { files, truncated: false };
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
