import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { AppError, SandboxId, ServerPodId } from "@sbx/contracts";
import type { WorkspaceRequest } from "@sbx/core";
import { afterEach, beforeEach, describe, test } from "vitest";
import { createWorkspaceHost, type LocalWorkspaceHost } from "../src/workspace-host.ts";

let root: string;
let host: LocalWorkspaceHost;

/** A daemon that may not mount, so that these run as anybody. */
beforeEach(async () => {
  root = await mkdtemp(`${await realpath(tmpdir())}/sbx-workspace-`);
  for (const path of ["home/project", "state", "config"]) await mkdir(`${root}/${path}`, { recursive: true });
  host = createWorkspaceHost({ stateDirectory: `${root}/state`, configDirectory: `${root}/config`, home: `${root}/home`, mounts: false });
  // Not root's: that would need mounts.
  if (process.geteuid?.() === 0) execFileSync("chown", ["-R", "1000:1000", `${root}/home`]);
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function problemOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: unknown) => (AppError.is(error) && error.fix.length > 10 ? error.code : String(error)),
  );
}

function request(options: Partial<WorkspaceRequest> = {}): WorkspaceRequest {
  const id = SandboxId.parse("sbx_abcdefgh");
  return { id, directory: `${root}/state/sandboxes/${id}`, workspace: `${root}/home/project`, extra: [], hide: [], allowWrite: [], protect: [], ...options };
}

describe("check", () => {
  test("refuses what cannot be a workspace, each with a fix", async ({ expect }) => {
    await writeFile(`${root}/file`, "");
    await mkdir(`${root}/home/a\nb`);
    await mkdir(`${root}/home/.ssh/x`, { recursive: true });
    for (const path of [
      `${root}/none`,
      `${root}/file`,
      "/",
      "/proc",
      "/proc/self/cwd/x",
      "/etc",
      root,
      `${root}/home`,
      `${root}/home/.ssh/x`,
      `${root}/state`,
      `${root}/state/x`,
      `${root}/config`,
      `${root}/home/a\nb`,
      "relative",
      "",
    ]) {
      expect([path, await problemOf(host.check(path))]).toEqual([path, "WORKSPACE_INVALID"]);
    }
  });

  test("shows where a link leads, and refuses one that leads to a forbidden place", async ({ expect }) => {
    await symlink(`${root}/home/project`, `${root}/link`);
    await symlink(`${root}/home`, `${root}/homelink`);
    await symlink(`/proc/self`, `${root}/proc`);
    expect(await host.check(`${root}/link`)).toMatchObject({ path: `${root}/home/project` });
    expect(await problemOf(host.check(`${root}/homelink`))).toBe("WORKSPACE_INVALID");
    expect(await problemOf(host.check(`${root}/proc`))).toBe("WORKSPACE_INVALID");
  });

  test.for(["a b", "a:b", "a,b", "ü 日本", 'it\'s "x"', "-rf", "$(id)"])("lets the name %s through", async (name, { expect }) => {
    await mkdir(`${root}/home/${name}`);
    expect((await host.check(`${root}/home/${name}`)).path).toBe(`${root}/home/${name}`);
  });
});

describe("prepare", () => {
  test("makes what is missing, takes it away again, and gives the same mounts every time", async ({ expect }) => {
    const first = await host.prepare(request());
    expect(await readdir(`${root}/home/project`)).toContain(".claude");
    const again = await host.prepare(request());
    expect(again.mounts).toEqual(first.mounts);
    await host.release(request());
    expect(await readdir(`${root}/home/project`)).toEqual([]);
    expect((await host.prepare(request())).mounts).toEqual(first.mounts);
    await host.release(request());
  });

  test("is made again for an ordinary user, who cannot write to what nobody may", async ({ expect }) => {
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) execFileSync("chown", ["-R", "1000:1000", root]);
    if (isRoot) process.seteuid?.(1000);
    try {
      const ordinary = createWorkspaceHost({ stateDirectory: `${root}/state`, configDirectory: `${root}/config`, home: `${root}/home` });
      const secret = request({ hide: [".env"] });
      await writeFile(`${root}/home/project/.env`, "secret");
      for (const directory of [".vscode", ".vscode/deep"]) await mkdir(`${root}/home/project/${directory}`);
      await writeFile(`${root}/home/project/.vscode/deep/settings.json`, "{}");
      for (const directory of [".vscode/deep", ".vscode"]) await chmod(`${root}/home/project/${directory}`, 0o555);
      const first = await ordinary.prepare(secret);
      expect((await ordinary.prepare(secret)).mounts).toEqual(first.mounts);
      expect(await readFile(`${secret.directory}/empty-file`, "utf8")).toBe("");
      await ordinary.release(secret);
      expect((await ordinary.prepare(secret)).mounts).toEqual(first.mounts);
      await ordinary.release(secret);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  test("leaves a directory of ours that somebody used meanwhile", async ({ expect }) => {
    await host.prepare(request());
    await writeFile(`${root}/home/project/.vscode/settings.json`, "{}");
    await host.release(request());
    expect(await readdir(`${root}/home/project`)).toEqual([".vscode"]);
  });

  test("no source lies in a place that a sandbox can write, but the workspace and the parts of it that are checked after the start", async ({ expect }) => {
    execFileSync("git", ["init", "-q", `${root}/home/project`]);
    if (process.geteuid?.() === 0) execFileSync("chown", ["-R", "1000:1000", `${root}/home/project`]);
    const { mounts, checkpoints } = await host.prepare(request());
    const outside = mounts.filter((mount) => mount.kind === "bind" && !mount.source.startsWith(`${root}/state/`));
    expect(outside.map(({ target }) => target)).toEqual([`${root}/home/project`, `${root}/home/project/.git`]);
    for (const { target } of outside) expect(checkpoints).toContain(target);
  });

  test("drops setuid bits in copies, and keeps the content", async ({ expect }) => {
    await mkdir(`${root}/home/project/.husky`);
    await writeFile(`${root}/home/project/.husky/run`, "content");
    await chmod(`${root}/home/project/.husky/run`, 0o4755);
    await symlink("/etc/shadow", `${root}/home/project/.husky/link`);
    const { mounts } = await host.prepare(request());
    const copy = mounts.find(({ target }) => target.endsWith("/.husky"));
    const source = copy?.kind === "bind" ? copy.source : "";
    expect(await readFile(`${source}/run`, "utf8")).toBe("content");
    expect(execFileSync("find", [source, "-perm", "/6000"]).toString()).toBe("");
    expect(execFileSync("readlink", [`${source}/link`]).toString()).toBe("/etc/shadow\n");
  });

  test("pins the directories above what is hidden, and hides what a link led to before", async ({ expect }) => {
    const project = `${root}/home/project`;
    for (const path of ["a/b", "releases/1", "releases/2"]) await mkdir(`${project}/${path}`, { recursive: true });
    for (const path of ["a/b/key", "releases/1/.env", "releases/2/.env"]) await writeFile(`${project}/${path}`, "secret");
    await symlink("releases/1", `${project}/current`);
    if (process.geteuid?.() === 0) execFileSync("chown", ["-R", "1000:1000", project]);
    const secret = request({ hide: ["a/b/key", "current/.env"] });
    const targets = async () => (await host.prepare(secret)).mounts.map(({ target }) => target.slice(project.length + 1));
    expect(await targets()).toEqual(expect.arrayContaining(["a", "a/b", "a/b/key", "releases", "releases/1", "releases/1/.env"]));
    await rm(`${project}/current`);
    await symlink("releases/2", `${project}/current`);
    expect(await targets()).toEqual(expect.arrayContaining(["releases/1/.env", "releases/2/.env"]));
    const { mounts } = await host.prepareParts({
      id: ServerPodId.parse("mcp_abcdefgh"),
      directory: `${root}/state/servers/mcp_abcdefgh`,
      sandbox: secret,
      parts: [{ path: `${project}/releases`, target: "/r", readonly: true }],
      isVerified: true,
    });
    expect(mounts.map(({ target }) => target)).toEqual(["/r", "/r/1/.env", "/r/2/.env"]);
  });

  test("protects at most 16 nested repositories and names the others", async ({ expect }) => {
    for (let number = 0; number < 20; number += 1) {
      for (const part of ["objects", "refs", "hooks"]) await mkdir(`${root}/home/project/r${number}/.git/${part}`, { recursive: true });
      await writeFile(`${root}/home/project/r${number}/.git/HEAD`, "ref: refs/heads/main\n");
    }
    const { mounts, notices } = await host.prepare(request());
    expect(mounts.filter(({ target }) => target.endsWith("/.git/hooks"))).toHaveLength(16);
    expect(notices.filter(({ kind }) => kind === "too-many-repositories")).toHaveLength(1);
    expect(notices.filter(({ kind }) => kind === "nested-unprotected")).toHaveLength(4);
  });

  test("protects what the repository's own settings take programs from", async ({ expect }) => {
    const project = `${root}/home/project`;
    for (const path of [".git/objects", ".git/refs", "tools/hooks"]) await mkdir(`${project}/${path}`, { recursive: true });
    await writeFile(`${project}/.git/HEAD`, "ref: refs/heads/main\n");
    await writeFile(`${project}/.gitshared`, "");
    await writeFile(`${project}/.git/config`, "[core]\nhooksPath = tools/hooks\n[include]\npath = ../.gitshared\n[include]\npath = ../../../etc/x\n");
    expect((await host.prepare(request())).protected).toEqual(expect.arrayContaining(["tools/hooks", ".gitshared"]));
  });

  describe("what one run left does not open the next one", () => {
    const GIT = [".git", ".git/config", ".git/hooks", ".git/modules", ".git/modules/lib", ".git/modules/lib/config", ".git/modules/lib/hooks", "sub", "sub/.git", "sub/.git/config", "sub/.git/hooks"];

    async function project(): Promise<string> {
      const path = `${root}/home/project`;
      for (const git of [".git", ".git/modules/lib", "sub/.git"]) {
        for (const part of ["objects", "refs", "hooks"]) await mkdir(`${path}/${git}/${part}`, { recursive: true });
        await writeFile(`${path}/${git}/HEAD`, "ref: refs/heads/main\n");
        await writeFile(`${path}/${git}/config`, "");
      }
      return path;
    }

    async function gitMounts(): Promise<readonly string[]> {
      const { mounts } = await host.prepare(request());
      return mounts.map(({ target }) => target.slice(`${root}/home/project/`.length)).filter((path) => /(?:^|\/)\.git(?:\/|$)/u.test(path) || path === "sub");
    }

    test.for([
      [
        "what makes git directories ones for git was taken out of them",
        async (path: string) => {
          for (const git of [".git", ".git/modules/lib", "sub/.git"]) for (const part of ["objects", "refs", "HEAD"]) await rm(`${path}/${git}/${part}`, { recursive: true });
        },
      ],
      [
        "more repositories than are protected stand before the real one",
        async (path: string) => {
          for (let number = 0; number < 40; number += 1) await mkdir(`${path}/!${number}/.git`, { recursive: true });
        },
      ],
      [
        "names of submodules were made to look like ones",
        async (path: string) => {
          await mkdir(`${path}/.git/modules/lib/objects/objects`, { recursive: true });
        },
      ],
    ] as const)("%s", async ([, attack], { expect }) => {
      const path = await project();
      const first = await gitMounts();
      for (const wanted of GIT.filter((one) => one !== "sub")) expect(first).toContain(wanted);
      await attack(path);
      const second = await gitMounts();
      for (const protectedOnce of first) expect(second).toContain(protectedOnce);
    });

    test("a group of submodules with a planted file still has its members protected", async ({ expect }) => {
      const path = await project();
      await mkdir(`${path}/.git/modules/group/lib/hooks`, { recursive: true });
      await writeFile(`${path}/.git/modules/group/lib/config`, "");
      await writeFile(`${path}/.git/modules/group/HEAD`, "");
      expect(await gitMounts()).toContain(".git/modules/group/lib/config");
    });
  });

  test("names a git settings file that the agent could make", async ({ expect }) => {
    const project = `${root}/home/project`;
    for (const path of [".git/objects", ".git/refs"]) await mkdir(`${project}/${path}`, { recursive: true });
    await writeFile(`${project}/.git/HEAD`, "ref: refs/heads/main\n");
    await writeFile(`${project}/.git/config`, "[extensions]\nworktreeConfig = true\n");
    expect((await host.prepare(request())).notices.filter(({ message }) => message.includes("config.worktree"))).toHaveLength(1);
    await writeFile(`${project}/.git/config.worktree`, "");
    const prepared = await host.prepare(request());
    expect(prepared.notices.filter(({ message }) => message.includes("config.worktree"))).toEqual([]);
    expect(prepared.protected).toContain(".git/config.worktree");
  });

  test("never gives the workload uid 0", async ({ expect }) => {
    const { user } = await host.prepare(request());
    expect(user.uid).toBeGreaterThan(0);
    expect(user.gid).toBeGreaterThan(0);
  });

  test("refuses a directory given twice and paths outside", async ({ expect }) => {
    expect(await problemOf(host.prepare(request({ extra: [{ path: `${root}/home/project`, readonly: true }] })))).toBe("WORKSPACE_INVALID");
    expect(await problemOf(host.prepare(request({ hide: ["../x"] })))).toBe("WORKSPACE_INVALID");
    expect(await problemOf(host.prepare(request({ hide: ["."] })))).toBe("WORKSPACE_INVALID");
    expect(await problemOf(host.prepare(request({ extra: [{ path: "/etc", readonly: true }] })))).toBe("WORKSPACE_INVALID");
  });
});

describe("verify", () => {
  async function lines(paths: readonly string[]): Promise<string> {
    return paths.map((path) => execFileSync("stat", ["-c", "%d %i %a d", path]).toString().trim() + ` ${encodeURI(path)}\n`).join("");
  }

  test("accepts what was prepared, and nothing else", async ({ expect }) => {
    const { mounts, checkpoints } = await host.prepare(request());
    const source = new Map(mounts.flatMap((mount) => (mount.kind === "bind" ? [[mount.target, mount.source] as const] : [])));
    const good = (await Promise.all(checkpoints.map(async (path) => (await lines([source.get(path) ?? path])).replace(/ \/.*\n$/u, ` ${encodeURI(path)}\n`)))).join("");
    expect(await problemOf(host.verify(request(), good))).toBe("none");
    expect(await problemOf(host.verify(request(), ""))).toBe("WORKSPACE_UNSAFE");
    expect(await problemOf(host.verify(request(), good.split("\n").slice(1).join("\n")))).toBe("WORKSPACE_UNSAFE");
    expect(await problemOf(host.verify(request(), good.replace(/ \d+ /u, " 1 ")))).toBe("WORKSPACE_UNSAFE");
    expect(await problemOf(host.verify(request({ directory: `${root}/state/none` }), good))).toBe("WORKSPACE_UNSAFE");
  });
});

describe("report", () => {
  test("tells what was added, modified and removed", async ({ expect }) => {
    const project = `${root}/home/project`;
    for (const name of ["same", "changed", "gone"]) await writeFile(`${project}/${name}`, name);
    await host.prepare(request());
    await host.snapshot(request());
    await writeFile(`${project}/changed`, "other");
    await writeFile(`${project}/new`, "");
    await rm(`${project}/gone`);
    const { changed, truncated, runsOnHost } = await host.report(request());
    expect(changed.toSorted((first, second) => (first.path < second.path ? -1 : 1))).toEqual([
      { path: "changed", change: "modified" },
      { path: "gone", change: "removed" },
      { path: "new", change: "added" },
    ]);
    expect(truncated).toBe(false);
    expect(runsOnHost).toEqual([]);
  });
});

test("the git identity is the person's name and address, and nothing else of their settings", async ({ expect }) => {
  await writeFile(`${root}/home/.gitconfig`, "[user]\nname = Ann\u0007 B\nemail = ann@example.org\n[credential]\nhelper = !touch /nowhere\n");
  expect(await host.gitIdentity()).toEqual({ name: "Ann  B", email: "ann@example.org" });
  await rm(`${root}/home/.gitconfig`);
  expect(await host.gitIdentity()).toEqual({});
});
