/** A path that is read-only inside, because a tool of the host would run what stands in it. */
export interface ProtectedPath {
  /** Relative to the directory that was asked about. */
  readonly path: string;
  readonly kind: "directory" | "file";
  /** Whether a directory that is missing is made for the time of the run, so that the agent cannot make it. Files never are. */
  readonly make: boolean;
}

function directory(path: string, make = false): ProtectedPath {
  return { path, kind: "directory", make };
}

function file(path: string): ProtectedPath {
  return { path, kind: "file", make: false };
}

/**
 * Settings of agents and editors at the top of a project that name programs to run: hooks, MCP servers, tasks.
 *
 * The directories of the agents and editors that many people have are made when they are missing. Instruction files
 * (`AGENTS.md`, `CLAUDE.md`) are text that people and agents edit: they are reported, not protected.
 */
export const SETTINGS_PATHS: readonly ProtectedPath[] = [
  ...[".claude", ".codex", ".cursor", ".gemini", ".idea", ".kiro", ".opencode", ".vscode"].map((path) => directory(path, true)),
  ...[".amp", ".cline", ".clinerules", ".devcontainer", ".githooks", ".husky", ".pi", ".qwen", ".zed", ".github/agents", ".github/hooks"].map((path) => directory(path)),
  ...[".crush.json", ".envrc", ".lefthook.yml", ".mcp.json", ".pre-commit-config.yaml", "crush.json", "crushrc", "lefthook.yml", "opencode.json", "opencode.jsonc"].map(file),
  file(".github/copilot-instructions.md"),
];

/** Parts of one git directory that decide what git runs, without its modules and worktrees. */
const GIT_PATHS: readonly ProtectedPath[] = [directory("hooks", true), file("config"), file("config.worktree"), file("info/attributes")];

/** What a git directory holds besides itself: names below `modules` (may have slashes) and `worktrees`. */
export interface GitDirectoryParts {
  readonly modules: readonly string[];
  readonly worktrees: readonly string[];
}

/** Protected paths of one git directory, relative to it. */
export function gitDirectoryPaths({ modules, worktrees }: GitDirectoryParts): readonly ProtectedPath[] {
  return [
    ...GIT_PATHS,
    ...modules.flatMap((name) => GIT_PATHS.map((entry) => ({ ...entry, path: `modules/${name}/${entry.path}` }))),
    ...worktrees.flatMap((name) => [file(`worktrees/${name}/config.worktree`), file(`worktrees/${name}/gitdir`), file(`worktrees/${name}/commondir`)]),
  ];
}

/** Every directory above a path that lies at or below `top`, outermost first: `parentsOf("a/b/c", "a")` is `a`, `a/b`. */
export function parentsOf(path: string, top: string): readonly string[] {
  const parts = path.split("/");
  const first = top === "" ? 1 : top.split("/").length;
  return parts.slice(first).map((_, index) => parts.slice(0, first + index).join("/"));
}

/** Read the paths that an agent's profile adds. A trailing slash names a directory, which is made when it is missing. */
export function profilePaths(patterns: readonly string[]): readonly ProtectedPath[] {
  return patterns.filter(isPlainRelative).map((pattern) => (pattern.endsWith("/") ? directory(pattern.replace(/\/+$/u, ""), true) : file(pattern)));
}

/** Whether a path is relative and has no empty, `.` or `..` part. A trailing slash is let through. */
export function isPlainRelative(path: string): boolean {
  return path
    .replace(/\/+$/u, "")
    .split("/")
    .every((part) => part !== "" && part !== "." && part !== "..");
}

/** Whether `path` is `top` or lies below it. Both absolute, or both relative to the same directory. */
export function isWithin(path: string, top: string): boolean {
  return path === top || path.startsWith(top.endsWith("/") ? top : `${top}/`);
}
