/** The directory that a `.git` file names, as written; `undefined` when it is no such file. */
export function gitFileTarget(text: string): string | undefined {
  const match = /^gitdir: ([^\n\r\0]+)\r?\n?$/u.exec(text);
  return match?.[1];
}

/** A path put together from a directory and what is written relative to it, without `.` and `..`. Nothing is looked up. */
export function resolvePath(directory: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${directory}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** What a linked worktree's own directory must look like: `<common>/worktrees/<name>`. */
export function worktreeParts(gitDirectory: string): { readonly common: string; readonly name: string } | undefined {
  const match = /^(.+)\/worktrees\/([^/]+)$/u.exec(gitDirectory);
  const [, common, name] = match ?? [];
  return common === undefined || name === undefined ? undefined : { common, name };
}
