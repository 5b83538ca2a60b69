import type { Execution, ExecOptions } from "./execution.ts";

/** Most of a diff that is kept, in bytes. */
const DIFF_BYTES = 16 << 20;
/** A repository of its own beside the workspace's, without anybody's settings: the workspace need be none, and stays as it is. */
const ENV = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1", GIT_OPTIONAL_LOCKS: "0", LC_ALL: "C" } as const;
const SNAPSHOT = 'export GIT_DIR="$1" GIT_WORK_TREE="$PWD"; git add -A --ignore-errors . >/dev/null 2>&1; git write-tree';
const BEGIN = `set -e; set -- "$(mktemp -d /tmp/sbx-diff.XXXXXX)"; git init -q --bare "$1" >&2; echo "$1"; set +e; ${SNAPSHOT}`;
const END = `tree="$2"; now="$(${SNAPSHOT})"; export GIT_DIR="$1"; git diff-tree -r -p --binary --no-ext-diff --no-textconv --no-color "$tree" "$now"`;

type Exec = (command: readonly string[], options: ExecOptions) => Execution;

/** What changed in a workspace between two moments, in the form of `git diff`. */
export interface WorkspaceDiff {
  readonly text: string;
  /** Whether it is longer than 16 MiB; the rest is left out. */
  readonly truncated: boolean;
}

/**
 * Remember how the workspace stands; the returned function tells what has changed since. What the workspace's own
 * `.gitignore` names is left out. Both happen in the sandbox, with its own git: the diff is the sandbox's word, and the
 * daemon's report the one to trust. `undefined` where there is no git inside.
 */
export async function beginDiff(exec: Exec, signal: AbortSignal | undefined): Promise<(() => Promise<WorkspaceDiff | undefined>) | undefined> {
  const options = { env: ENV, ...(signal === undefined ? {} : { signal }) };
  const begun = await exec(["sh", "-c", BEGIN], options).result();
  const [directory = "", tree = ""] = begun.stdout.trim().split("\n");
  if (begun.exitCode !== 0 || !/^\/tmp\/sbx-diff\.\w+$/.test(directory) || !/^[0-9a-f]{40,64}$/.test(tree)) return undefined;
  return async () => {
    const { exitCode, stdout, truncated } = await exec(["sh", "-c", END, "sbx", directory, tree], options).result({ maxBytes: DIFF_BYTES });
    return exitCode === 0 ? { text: stdout, truncated } : undefined;
  };
}
