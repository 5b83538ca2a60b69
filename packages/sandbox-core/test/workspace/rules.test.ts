import { describe, test } from "vitest";
import { credentialByName } from "../../src/workspace/credential-patterns.ts";
import { hasControlCharacter, whyForbidden } from "../../src/workspace/forbidden-place.ts";
import { gitFileTarget, resolvePath, worktreeParts } from "../../src/workspace/git-link.ts";
import { gitDirectoryPaths, isWithin, parentsOf, profilePaths, SETTINGS_PATHS } from "../../src/workspace/protected-paths.ts";
import { packageScripts, whyConfigRuns, whyModeMatters, whyPathRuns } from "../../src/workspace/runs-on-host.ts";

const places = { homes: ["/home/me", "/root"], own: ["/home/me/.local/state/sbx", "/home/me/.config/sbx"] };

describe("whyForbidden", () => {
  test.for([
    "/",
    "/home",
    "/home/me",
    "/root",
    "/etc",
    "/etc/nginx",
    "/proc/1/cwd",
    "/sys",
    "/dev/shm",
    "/run/user/1000",
    "/usr",
    "/usr/src/x",
    "/var",
    "/var/lib",
    "/var/run/x",
    "/var/lib/docker/volumes/x",
    "/tmp",
    "/home/me/.ssh",
    "/home/me/.ssh/x",
    "/home/me/.aws",
    "/home/me/.config",
    "/home/me/.local",
    "/home/me/.local/state",
    "/home/me/.local/state/sbx",
    "/home/me/.local/state/sbx/sandboxes/x",
    "/home/me/.config/sbx/agents/x",
  ])("refuses %s", (path, { expect }) => {
    expect(whyForbidden(path, places)).toBeTypeOf("string");
  });

  test.for(["/home/me/project", "/home/me/.config/nvim", "/srv/app", "/tmp/x", "/var/www/x", "/home/me/.sshx", "/workspace", "/builds/a/b", "/var/lib/jenkins/workspace/x", "/etcetera"])(
    "lets %s through",
    (path, { expect }) => {
      expect(whyForbidden(path, places)).toBeUndefined();
    },
  );

  test("sees what cannot stand on one line", ({ expect }) => {
    expect(["a\nb", "a\u001b[0m", "a\u007f", "a\u2028b", "a\0"].every(hasControlCharacter)).toBe(true);
    expect(["a b", "a:b,c", "ü", "日本", "'\""].some(hasControlCharacter)).toBe(false);
  });
});

describe("protected paths", () => {
  test("directories of the known agents and editors are made; files never are", ({ expect }) => {
    expect(SETTINGS_PATHS.filter(({ make }) => make).map(({ path }) => path)).toEqual([".claude", ".codex", ".cursor", ".gemini", ".idea", ".kiro", ".opencode", ".vscode"]);
    expect(SETTINGS_PATHS.filter(({ make, kind }) => make && kind === "file")).toEqual([]);
  });

  test("a git directory's own, its modules' and its worktrees' settings", ({ expect }) => {
    expect(gitDirectoryPaths({ modules: ["a/b"], worktrees: ["w"] }).map(({ path }) => path)).toEqual([
      "hooks",
      "config",
      "config.worktree",
      "info/attributes",
      "modules/a/b/hooks",
      "modules/a/b/config",
      "modules/a/b/config.worktree",
      "modules/a/b/info/attributes",
      "worktrees/w/config.worktree",
      "worktrees/w/gitdir",
      "worktrees/w/commondir",
    ]);
  });

  test("a profile's paths stay inside", ({ expect }) => {
    expect(profilePaths([".x/", "y.json", "../z", "/etc/passwd", "a/../b", ""])).toEqual([
      { path: ".x", kind: "directory", make: true },
      { path: "y.json", kind: "file", make: false },
    ]);
  });

  test("parents and containment", ({ expect }) => {
    expect(parentsOf(".git/modules/a/hooks", ".git")).toEqual([".git", ".git/modules", ".git/modules/a"]);
    expect(parentsOf("a/b", "")).toEqual(["a"]);
    expect(isWithin("/ab", "/a")).toBe(false);
    expect(isWithin("/a/b", "/a")).toBe(true);
    expect(isWithin("/a", "/")).toBe(true);
  });
});

test("a .git file is one line of git's", ({ expect }) => {
  expect(gitFileTarget("gitdir: ../x\n")).toBe("../x");
  for (const text of ["", "gitdir: \n", "gitdir: a\nb\n", " gitdir: a", "x gitdir: a", "gitdir:a"]) expect(gitFileTarget(text)).toBeUndefined();
  expect(resolvePath("/a/b", "../../../c/./d")).toBe("/c/d");
  expect(worktreeParts("/r/.git/worktrees/w")).toEqual({ common: "/r/.git", name: "w" });
  expect(worktreeParts("/r/.git/worktrees/w/x")).toBeUndefined();
});

describe("credentials", () => {
  test.for([
    [".env", "A=b", true],
    [".env", "# nothing\nA=\n", false],
    ["x/.env.production", "export A=b", true],
    [".env.example", "A=b", false],
    [".npmrc", "//r/:_authToken=abc", true],
    [".npmrc", "//r/:_authToken=${T}", false],
    ["id_rsa", "", true],
    ["k.pem", "-----BEGIN RSA PRIVATE KEY-----", true],
    ["k.pem", "-----BEGIN CERTIFICATE-----", false],
    ["gcp-key.json", '"private_key": "-----BEGIN', true],
    ["package.json", "", false],
    [".netrc", "machine x login y password z", true],
  ] as const)("%s with %j: %s", ([path, text, found], { expect }) => {
    const match = credentialByName(path);
    expect(match !== undefined && (match.confirm?.(text) ?? true)).toBe(found);
  });
});

describe("what runs on the host", () => {
  test.for([
    ".git/hooks/pre-commit",
    "sub/.git/hooks/x",
    ".husky/pre-commit",
    ".claude/settings.local.json",
    ".mcp.json",
    ".vscode/tasks.json",
    "AGENTS.md",
    "sub/CLAUDE.md",
    ".github/workflows/x.yml",
    ".envrc",
    "Makefile",
    ".npmrc",
    "opencode.jsonc",
    ".cursor/mcp.json",
    "x.code-workspace",
    ".devcontainer/devcontainer.json",
    ".cargo/config",
    "kit.yaml",
    "agents/x/kit.yaml",
    "agents/x/x.dockerfile",
    "sub/package.yaml",
    ".git/commondir",
    ".git/modules/lib/commondir",
    ".git/rebase-merge/git-rebase-todo",
    ".git/sequencer/todo",
    ".aider.conf.yml",
    ".windsurf/x",
    ".mise/config.toml",
    "mise.local.toml",
  ])("%s", (path, { expect }) => {
    expect(whyPathRuns(path)).toBeTypeOf("string");
  });

  test.for([
    ".git/hooks/pre-commit.sample",
    "src/hooks/use-x.ts",
    ".git/HEAD",
    "README.md",
    "vscode/x",
    "makefile.ts",
    ".git/index",
    ".git/worktrees/topic/commondir",
    "toolkit.yaml",
    "x.dockerfile.md",
  ])("not %s", (path, { expect }) => {
    expect(whyPathRuns(path)).toBeUndefined();
  });

  test("modes, scripts and settings", ({ expect }) => {
    expect([0o104755, 0o102755, 0o100755, 0o042755].map((mode) => whyModeMatters(mode) !== undefined)).toEqual([true, true, false, false]);
    expect(packageScripts('{"scripts":{"a":"b"}}')).not.toBe(packageScripts('{"scripts":{"a":"c"}}'));
    expect(packageScripts('{"scripts":{"a":"b"},"version":"1"}')).toBe(packageScripts('{"scripts":{"a":"b"},"version":"2"}'));
    expect(packageScripts('\uFEFF{"scripts":{"a":"b"}}')).toBe(packageScripts('{"scripts":{"a":"b"}}'));
    for (const text of ["", "{", "[]", "null", '"x"']) expect(packageScripts(text)).toBeUndefined();
    expect(whyConfigRuns("", "[user]\nname=x")).toBeUndefined();
  });
});
