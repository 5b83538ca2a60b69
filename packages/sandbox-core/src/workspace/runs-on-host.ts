import { addedProgramSettings } from "./git-config.ts";

interface HostRunPattern {
  readonly path: RegExp;
  readonly why: string;
}

/** Files that a tool of the host runs, or that change what it runs; by their path in the workspace. The first that fits decides. */
const PATTERNS: readonly HostRunPattern[] = [
  { path: /(?:^|\/)hooks\/[^/]+\.sample$/u, why: "" },
  { path: /(?:^|\/)worktrees\/[^/]+\/commondir$/u, why: "" },
  { path: /(?:^|\/)commondir$/u, why: "says from where git takes settings and hooks instead" },
  { path: /(?:^|\/)(?:rebase-merge|rebase-apply|sequencer)\/(?:git-rebase-todo|todo)$/u, why: "lists commands that git runs when a rebase goes on" },
  { path: /(?:^|\/)(?:\.git|[^/]+\.git)\/(?:.+\/)?hooks\/[^/]+$/u, why: "git runs it as a hook" },
  { path: /(?:^|\/)\.git\/(?:.+\/)?info\/attributes$/u, why: "chooses programs that git runs on files" },
  { path: /(?:^|\/)\.git$/u, why: "says which repository git uses here" },
  { path: /(?:^|\/)(?:\.husky|\.githooks)\//u, why: "git runs it as a hook" },
  { path: /(?:^|\/)(?:\.?lefthook(?:-local)?\.ya?ml|\.pre-commit-config\.yaml|\.lintstagedrc[^/]*|\.overcommit\.yml)$/u, why: "names programs that git hooks run" },
  { path: /(?:^|\/)\.claude\/(?:settings[^/]*\.json|hooks\/.*)$/u, why: "settings of Claude Code: hooks run programs" },
  { path: /(?:^|\/)\.mcp\.json$/u, why: "names MCP servers that an agent starts" },
  { path: /(?:^|\/)\.(?:claude|codex|gemini|opencode|cursor|kiro|pi|qwen|amp|cline|clinerules|amazonq|augment|continue|factory|goose|junie|roo|trae|windsurf)\//u, why: "settings of a coding agent" },
  { path: /(?:^|\/)(?:opencode\.jsonc?|\.?crush\.json|crushrc|\.aider\.conf\.ya?ml)$/u, why: "settings of a coding agent" },
  { path: /(?:^|\/)\.(?:vscode|idea|zed|devcontainer|fleet)\/|\.code-workspace$/u, why: "settings of an editor: tasks and servers run programs" },
  { path: /(?:^|\/)(?:AGENTS|CLAUDE|GEMINI|QWEN|CLAUDE\.local|\.goosehints)(?:\.md)?$/u, why: "instructions that agents on the host follow" },
  { path: /(?:^|\/)\.github\/(?:hooks|agents)\/|(?:^|\/)\.github\/copilot-instructions\.md$/u, why: "settings of a coding agent" },
  {
    path: /(?:^|\/)(?:\.github\/(?:workflows|actions)\/|\.gitlab-ci[^/]*\.ya?ml$|\.circleci\/|Jenkinsfile$|azure-pipelines\.ya?ml$|\.buildkite\/|\.drone\.ya?ml$|bitbucket-pipelines\.yml$)/u,
    why: "CI runs it",
  },
  { path: /(?:^|\/)\.envrc$/u, why: "direnv runs it" },
  { path: /(?:^|\/)(?:\.?mise(?:\.local)?\.toml|\.?mise\/config\.toml|\.tool-versions|\.nvmrc|\.node-version|\.python-version)$/u, why: "chooses which programs a shell runs here" },
  { path: /(?:^|\/)\.(?:npmrc|yarnrc(?:\.yml)?|pnpmfile\.cjs)$|(?:^|\/)bunfig\.toml$/u, why: "changes what the package manager runs or where it takes packages from" },
  { path: /(?:^|\/)(?:GNUmakefile|[Mm]akefile|[Jj]ustfile|Taskfile\.ya?ml|Rakefile)$/u, why: "make and its kind run it" },
  { path: /(?:^|\/)(?:build\.rs|\.cargo\/config(?:\.toml)?|setup\.py|conftest\.py|sitecustomize\.py|gradlew|mvnw|\.mvn\/.*)$/u, why: "build tools run it" },
  { path: /(?:^|\/)package\.(?:yaml|json5)$/u, why: "names scripts that the package manager runs" },
  { path: /(?:^|\/)kit\.yaml$|\.dockerfile$/u, why: "is part of a Kit, whose image is built on the host" },
  { path: /(?:^|\/)\.(?:gdbinit|lldbinit|vimrc|exrc|nvimrc|nvim\.lua|dir-locals\.el|irbrc|pryrc|bashrc|zshrc|profile)$/u, why: "a program of the host reads it as commands" },
];

/** Why a new or changed file would run on the host, by its path; `undefined` when nothing known does. */
export function whyPathRuns(path: string): string | undefined {
  const why = PATTERNS.find((pattern) => pattern.path.test(path))?.why;
  return why === "" ? undefined : why;
}

/** What may lie in a directory that a link stands for, so that every directory among {@link PATTERNS} fits with one of them. */
const INSIDE = ["", "/x", "/config.toml", "/workflows/x", "/attributes"] as const;

/** Why a link would make something run on the host, by its path: as a file, or as a directory of the files that do. */
export function whyLinkRuns(path: string): string | undefined {
  return INSIDE.map((inside) => whyPathRuns(`${path}${inside}`)).find((why) => why !== undefined);
}

/** Why a change of a git configuration matters: the keys that run programs and were added or changed. */
export function whyConfigRuns(before: string, after: string): string | undefined {
  const keys = [...new Set(addedProgramSettings(before, after).map(({ key }) => key))];
  return keys.length === 0 ? undefined : `git settings that run programs: ${keys.slice(0, 5).join(", ")}${keys.length > 5 ? ", …" : ""}`;
}

/** Scripts of a `package.json` in a form that can be compared; `undefined` when the text is no JSON object. */
export function packageScripts(text: string): string | undefined {
  try {
    // Package managers ignore a byte order mark.
    const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/u, ""));
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
    const wanted = ["scripts", "bin", "husky", "lint-staged", "simple-git-hooks", "pnpm", "packageManager"];
    const values = new Map<string, unknown>(Object.entries(parsed));
    return JSON.stringify(wanted.map((key) => [key, values.get(key) ?? null]));
  } catch {
    return undefined;
  }
}

/** Why the mode of a file matters. */
export function whyModeMatters(mode: number): string | undefined {
  const setUser = (mode & 0o4000) !== 0;
  const setGroup = (mode & 0o2000) !== 0 && (mode & 0o170000) !== 0o040000;
  return setUser || setGroup ? `runs with the rights of its ${setUser ? "owner" : "group"} (${setUser ? "setuid" : "setgid"})` : undefined;
}

/** Whether a directory with these names in it is a git directory, whatever it is called. */
export function isGitDirectory(names: ReadonlySet<string>): boolean {
  return names.has("HEAD") && names.has("objects") && names.has("refs");
}
