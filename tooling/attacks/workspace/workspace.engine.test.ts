import { createServer } from "node:net";
import { once } from "node:events";
import { lstat, readdir, readFile } from "node:fs/promises";
import { AppError } from "@sbx/contracts";
import { afterAll, beforeAll, describe, test, type ExpectStatic } from "vitest";
import { equip, Lab, OWNERS, ownerOf, type Equipment } from "./lab.ts";

let equipment: Equipment;
beforeAll(async () => {
  equipment = await equip();
}, 600_000);
afterAll(async () => {
  await equipment.remove();
});

/** The code of the expected failure, or "none". */
async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: unknown) => (AppError.is(error) ? error.code : String(error)),
  );
}

describe.each(OWNERS)("from inside a workspace of uid $uid, mounts by $mounts", ({ uid: owner, mounts }) => {
  /** One attack: a fresh machine, and what must not have happened on it. */
  function attack(name: string, body: (parts: { readonly lab: Lab; readonly expect: ExpectStatic }) => Promise<void>): void {
    // oxlint-disable-next-line vitest/valid-title -- every attack passes its own title, a string
    test(name, async ({ expect }) => {
      await using lab = await Lab.make(equipment, { owner, mounts });
      const secrets = await lab.fingerprint("home");
      await body({ lab, expect });
      expect(await lab.fingerprint("home")).toBe(secrets);
    });
  }

  attack("the agent works: it is not root, writes files, commits, and what it wrote belongs to the owner", async ({ lab, expect }) => {
    const before = await readdir(lab.workspace);
    const jail = await lab.start();
    const { exitCode, stdout, stderr } = await jail.sh(
      "set -e; id -u; echo new > new.txt; mkdir -p d/e; mv new.txt d/e/; git add -A; git commit -qm second; git checkout -qb topic; git stash list; git gc -q; git log --oneline | wc -l",
    );
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    const [uid, commits] = stdout.trim().split("\n");
    expect(Number(uid)).toBe(owner === 0 ? 1000 : owner);
    expect(commits).toBe("2");
    expect(await ownerOf(`${lab.workspace}/d/e/new.txt`)).toBe(owner);
    const report = await jail.end();
    expect(report.changed).toContainEqual({ path: "d/e/new.txt", change: "added" });
    expect(report.runsOnHost).toEqual([]);
    expect((await readdir(lab.workspace)).toSorted()).toEqual([...before, "d"].toSorted());
    expect(await lab.git("status", "--porcelain")).toBe("");
  });

  attack("a credential of the home is not there", async ({ lab, expect }) => {
    const jail = await lab.start();
    const { exitCode, stdout } = await jail.sh(`cat ${lab.root}/home/.aws/credentials ${lab.root}/home/.ssh/id_ed25519 ~/.aws/credentials /root/.aws/credentials; ls ${lab.root}`);
    expect(exitCode).toBe(0);
    expect(stdout.trim()).toBe("project");
  });

  attack("a hook cannot be written, nor its directory moved away", async ({ lab, expect }) => {
    const before = await lab.fingerprint("project/.git/hooks");
    const jail = await lab.start();
    const { stdout } = await jail.sh("echo x > .git/hooks/pre-commit && echo WROTE; mv .git/hooks .git/h2 && echo MOVED; rm -rf .git/hooks && echo REMOVED; ln -sf /tmp .git/hooks/x && echo LINKED");
    expect(stdout).toBe("");
    await jail.end();
    expect(await lab.fingerprint("project/.git/hooks")).toBe(before);
  });

  attack("git settings cannot be changed, and no program of theirs runs on the host", async ({ lab, expect }) => {
    const before = await lab.fingerprint("project/.git/config");
    const jail = await lab.start();
    const { stdout } = await jail.sh(
      `git config core.fsmonitor 'touch ${lab.root}/RAN' && echo SET; echo '[core]fsmonitor=x' >> .git/config && echo APPENDED; mv .git/config .git/c2 && echo MOVED; rm -f .git/config && echo REMOVED; cp .git/config .git/new; mv .git/new .git/config && echo REPLACED`,
    );
    expect(stdout).toBe("");
    await jail.end();
    await lab.git("status");
    expect(await lab.fingerprint("project/.git/config")).toBe(before);
    expect(await lab.has("RAN")).toBe(false);
  });

  attack("the git directory cannot be moved away and made anew", async ({ lab, expect }) => {
    const jail = await lab.start();
    const { stdout } = await jail.sh("mv .git g2 && echo MOVED; rm -rf .git 2>/dev/null; mkdir -p .git/hooks 2>/dev/null; echo x > .git/hooks/post-checkout && echo PLANTED");
    expect(stdout).toBe("");
    await jail.end();
    expect(await lab.has("project/.git/hooks/post-checkout")).toBe(false);
    expect(await lab.has("project/.git/config")).toBe(true);
  });

  attack("the git directory of a nested repository cannot be moved away and made anew", async ({ lab, expect }) => {
    await lab.git("init", "-q", "sub");
    const jail = await lab.start();
    const { stdout } = await jail.sh("mv sub/.git sub/g2 && echo MOVED; echo x > sub/.git/hooks/post-checkout && echo PLANTED; echo x >> sub/.git/config && echo CHANGED");
    expect(stdout).toBe("");
    await jail.end();
    expect(await lab.has("project/sub/g2")).toBe(false);
  });

  attack("settings of editors and agents that are there cannot be changed", async ({ lab, expect }) => {
    for (const path of [".vscode/settings.json", ".claude/settings.json", ".mcp.json", "opencode.json", ".envrc", ".husky/pre-commit"]) await lab.write(`project/${path}`, "{}\n");
    const before = await lab.fingerprint("project");
    const jail = await lab.start();
    const { stdout } = await jail.sh(
      "for f in .vscode/settings.json .claude/settings.json .mcp.json opencode.json .envrc .husky/pre-commit; do cat $f >/dev/null || echo UNREADABLE $f; echo x > $f && echo WROTE $f; rm -f $f && echo REMOVED $f; mv $f x && echo MOVED $f; ln -sf /etc/passwd $f && echo LINKED $f; done; mv .vscode v && echo MOVED; rm -rf .claude && echo REMOVED; rm -rf x v",
    );
    expect(stdout).toBe("");
    await jail.end();
    expect(await lab.fingerprint("project")).toBe(before);
  });

  attack("settings that are missing cannot be made, and nothing of ours stays", async ({ lab, expect }) => {
    const before = await lab.fingerprint("project");
    const jail = await lab.start();
    const { stdout } = await jail.sh(
      "for d in .claude .codex .gemini .opencode .cursor .kiro .vscode .idea; do mkdir -p $d 2>/dev/null; echo x > $d/settings.json && echo WROTE $d; rmdir $d && echo REMOVED $d; done",
    );
    expect(stdout).toBe("");
    await jail.end();
    expect(await lab.fingerprint("project")).toBe(before);
  });

  attack("a link planted in one run is not followed by the next", async ({ lab, expect }) => {
    const first = await lab.start();
    await first.sh(
      `mkdir -p new/.git/objects new/.git/refs; echo 'ref: refs/heads/main' > new/.git/HEAD; ln -s ${lab.root}/home/.ssh new/.git/hooks; ln -s ${lab.root}/home/.aws .husky; ln -s ${lab.root}/home/.ssh/id_ed25519 .mcp.json; ln -s ${lab.root}/home .envrc`,
    );
    const report = await first.end();
    expect(report.runsOnHost.map(({ path }) => path)).toEqual(expect.arrayContaining(["new/.git", "new/.git/hooks", ".husky", ".mcp.json"]));
    const second = await lab.start();
    const { stdout } = await second.sh("cat new/.git/hooks/* .husky/* .mcp.json .envrc/.ssh/*; ls new/.git/hooks/ .husky/");
    expect(stdout).not.toMatch(/THE-|id_ed25519|credentials/u);
    expect(second.prepared.notices.filter(({ kind }) => kind === "protected-link").length).toBeGreaterThan(0);
    for (const { source } of second.prepared.mounts.filter((mount) => mount.kind === "bind")) expect(source.startsWith(`${lab.root}/home`)).toBe(false);
  });

  attack("a workspace that became a link between two runs is refused", async ({ lab, expect }) => {
    const request = lab.request();
    await (await lab.start(request)).end();
    await lab.as(["mv", lab.workspace, `${lab.workspace}.old`], "/");
    await lab.as(["ln", "-s", `${lab.root}/home/.ssh`, lab.workspace], "/");
    expect(await codeOf(lab.start(request))).toBe("WORKSPACE_UNSAFE");
  });

  attack("a directory above a protected path that became a link is refused or not followed", async ({ lab, expect }) => {
    await lab.git("init", "-q", "sub");
    const first = await lab.start();
    await first.sh(`mv sub old; ln -s ${lab.root}/home sub`);
    await first.end();
    const second = await lab.start();
    expect((await second.sh("ls sub/; cat sub/.ssh/*")).stdout).toBe("");
    expect(second.prepared.mounts.some(({ target }) => target.startsWith(`${lab.workspace}/sub/`))).toBe(false);
  });

  attack("files of the workspace cannot be made setuid or setgid", async ({ lab, expect }) => {
    const jail = await lab.start();
    const { stdout } = await jail.sh(`cp /bin/sh x; chmod 4755 x; chmod 2755 x; chmod u+s,g+s x; install -m 4755 /bin/sh y; install -m 2755 /bin/sh z; mkdir -m 2777 d
      python3 - <<'P'
import os
def tried(f):
    try: f()
    except OSError as e: return print(e.errno)
    print("allowed")
tried(lambda: os.open("o", os.O_CREAT | os.O_WRONLY, 0o4755))
tried(lambda: os.mknod("n", 0o104755))
tried(lambda: os.fchmod(os.open("x", os.O_RDONLY), 0o6755))
tried(lambda: os.chmod("x", 0o6755, dir_fd=os.open(".", os.O_RDONLY)))
tried(lambda: os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o4755))
P
      # fchmodat2, fchmodat and openat2 (its mode stands behind a pointer), as raw calls.
      perl -e '$arm = \`uname -m\` =~ /aarch64/; for $c ([452, -100, "x", 04755, 0], [$arm ? 53 : 268, -100, "x", 04755], [437, -100, "p", pack("QQQ", 0101, 04755, 0), 24]) { print syscall($c->[0], @$c[1..$#$c]) == -1 ? $!+0 : "allowed", "\n" }'
      tar --mode=6755 -cf t.tar a.txt; mkdir t; tar -C t -xpf t.tar; cp -p /usr/bin/passwd q; cp -a /usr/bin/passwd r; echo end`);
    expect(stdout.trim().split("\n")).toEqual(["1", "1", "1", "1", "1", "38", "1", "38", "end"]);
    const found = await lab.as(["find", lab.workspace, "-perm", "/6000"], "/");
    const report = await jail.end();
    expect(found).toBe("");
    expect(report.runsOnHost.filter(({ why }) => why.includes("setuid"))).toEqual([]);
  });

  attack("no device can be made", async ({ lab, expect }) => {
    const jail = await lab.start();
    await jail.sh("mknod disk b 8 0; mknod mem c 1 1; mknod null c 1 3");
    const left = await readdir(lab.workspace);
    await jail.end();
    expect(left).not.toContain("disk");
    expect(left).not.toContain("mem");
    expect(left).not.toContain("null");
  });

  attack("a file outside cannot be reached by a hard link, a protected one not by another name", async ({ lab, expect }) => {
    const jail = await lab.start();
    const { stdout } = await jail.sh(`ln ${lab.root}/home/.ssh/id_ed25519 key && echo LINKED; ln .git/config c && echo LINKED; ln /etc/passwd p && echo LINKED; cat key`);
    expect(stdout).toBe("");
    await jail.end();
    expect((await lstat(`${lab.workspace}/.git/config`)).nlink).toBe(1);
  });

  attack("mounts can neither be made nor taken away", async ({ lab, expect }) => {
    const jail = await lab.start();
    const { stdout } = await jail.sh(
      "umount .git/hooks 2>/dev/null && echo UNMOUNTED; umount -l .git 2>/dev/null && echo UNMOUNTED; mount -o remount,rw .git/hooks 2>/dev/null && echo REMOUNTED; mount --bind /tmp .git/hooks 2>/dev/null && echo MOUNTED; unshare -Urm true 2>/dev/null && echo NAMESPACE; chroot / true 2>/dev/null && echo CHROOT",
    );
    expect(stdout).toBe("");
    expect((await jail.sh("echo x > .git/hooks/a && echo WROTE")).stdout).toBe("");
  });

  attack("a socket of the host in the workspace does not answer, nor does a pipe", async ({ lab, expect }) => {
    const served: string[] = [];
    const server = createServer((socket) => {
      served.push("connected");
      socket.end("SECRET");
    }).listen(`${lab.workspace}/host.sock`);
    await once(server, "listening");
    await lab.as(["chmod", "777", `${lab.workspace}/host.sock`]).catch(() => undefined);
    await lab.as(["mkfifo", "-m", "666", `${lab.workspace}/host.pipe`]);
    const jail = await lab.start();
    const { stdout } = await jail.sh(
      "python3 -c \"import socket;s=socket.socket(socket.AF_UNIX);s.connect('host.sock');print(s.recv(9))\" 2>/dev/null; stat -c %F host.sock host.pipe; rm -f host.sock && echo REMOVED; mv host.sock h && echo MOVED",
    );
    expect(stdout.trim().split("\n")).toEqual(["regular empty file", "regular empty file"]);
    expect(served).toEqual([]);
    expect(jail.prepared.notices.filter(({ kind }) => kind === "socket-masked")).toHaveLength(2);
    await jail.end();
    server.close();
  });

  attack("a hidden file and directory are empty, and cannot be uncovered", async ({ lab, expect }) => {
    await lab.write("project/.env", "TOKEN=THE-TOKEN\n");
    await lab.write("project/private/deep/key", "THE-KEY\n");
    await lab.write("project/.vscode/secret.json", "THE-SETTING\n");
    const before = await lab.fingerprint("project");
    const jail = await lab.start(lab.request({ hide: [".env", "private", ".vscode/secret.json"] }));
    const { stdout } = await jail.sh(
      "cat .env private/deep/key .vscode/secret.json; ls private; rm -f .env && echo REMOVED; mv .env e && echo MOVED; mv private p && echo MOVED; grep -rs THE- . ; true",
    );
    expect(stdout).toBe("");
    expect(jail.prepared.hidden).toEqual(expect.arrayContaining([".env", "private"]));
    await jail.end();
    expect(await lab.fingerprint("project")).toBe(before);
  });

  attack("credentials in the workspace are named before the agent sees them", async ({ lab, expect }) => {
    await lab.write("project/.env", "TOKEN=abc\n");
    await lab.write("project/.env.example", "TOKEN=\n");
    await lab.write("project/.npmrc", "//registry.example.org/:_authToken=abc\n");
    await lab.git("remote", "add", "origin", "https://me:ghp_secret@example.org/x.git");
    const { prepared } = await lab.start();
    const told = prepared.notices.filter(({ kind }) => kind === "credential");
    expect(told.map(({ path }) => path.slice(lab.workspace.length + 1)).toSorted()).toEqual([".env", ".git/config", ".npmrc"]);
    expect(JSON.stringify(told)).not.toContain("ghp_secret");
    expect(told.find(({ path }) => path.endsWith(".env"))?.message).toContain("--hide .env");
  });

  attack("a .git file that names a directory of the person's is not followed", async ({ lab, expect }) => {
    await lab.as(["rm", "-rf", `${lab.workspace}/.git`]);
    for (const target of ["home/.ssh", "home", "other/.git/worktrees/x"]) {
      await lab.write("project/.git", `gitdir: ${lab.root}/${target}\n`);
      expect(await codeOf(lab.start())).toBe("WORKSPACE_UNSAFE");
    }
  });

  attack("a worktree works, and the main checkout beside it stays as it was", async ({ lab, expect }) => {
    await lab.git("worktree", "add", "-q", `${lab.root}/tree`, "-b", "topic");
    const before = await Promise.all(["HEAD", "index", "config", "hooks"].map((name) => lab.fingerprint(`project/.git/${name}`)));
    const jail = await lab.start(lab.request({ workspace: `${lab.root}/tree` }));
    const work = await jail.sh(
      "set -e; echo b > b.txt; git add -A; git commit -qm b; git branch other; git branch -qd other; echo c >> b.txt; git stash -q; git stash pop -q; git commit -qam c; git log --oneline | wc -l",
    );
    expect(work).toMatchObject({ exitCode: 0, stdout: "3\n" });
    const { stdout } = await jail.sh(
      `cd ${lab.workspace}/.git; for f in HEAD index config hooks/x info/x worktrees/tree/gitdir; do echo x > $f && echo WROTE $f; done; mv HEAD H && echo MOVED; mv worktrees w && echo MOVED; ls ${lab.workspace}; cat ${lab.workspace}/a.txt`,
    );
    expect(stdout).toBe("");
    await jail.end();
    expect(await Promise.all(["HEAD", "index", "config", "hooks"].map((name) => lab.fingerprint(`project/.git/${name}`)))).toEqual(before);
    expect(await lab.git("log", "--oneline", "topic")).toContain(" c\n");
  });

  attack("a .git file that changed after the first start is not followed", async ({ lab, expect }) => {
    await lab.git("worktree", "add", "-q", `${lab.root}/tree`, "-b", "topic");
    await lab.git("worktree", "add", "-q", `${lab.root}/second`, "-b", "topic2");
    const request = lab.request({ workspace: `${lab.root}/tree` });
    await (await lab.start(request)).end();
    await lab.write("tree/.git", `gitdir: ${lab.workspace}/.git/worktrees/second\n`);
    await lab.write("project/.git/worktrees/second/gitdir", `${lab.root}/tree/.git\n`);
    expect(await codeOf(lab.start(request))).toBe("WORKSPACE_UNSAFE");
  });

  attack("a submodule's hooks and settings, in the top repository, cannot be changed", async ({ lab, expect }) => {
    await lab.as(["git", "clone", "-q", "--bare", lab.workspace, `${lab.root}/lib.git`], "/");
    await lab.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", `${lab.root}/lib.git`, "lib");
    const jail = await lab.start();
    const { stdout } = await jail.sh(
      "echo x > .git/modules/lib/hooks/post-checkout && echo WROTE; git -C lib config core.fsmonitor x 2>/dev/null && echo SET; mv .git/modules .git/m && echo MOVED; mv .git/modules/lib .git/modules/l && echo MOVED; echo 'gitdir: /tmp/evil' > lib/.git && echo WROTE; rm -f lib/.git && echo REMOVED; git -C lib log --oneline | wc -l",
    );
    expect(stdout.trim()).toBe("1");
  });

  attack("a submodule as the workspace works, its settings cannot be changed", async ({ lab, expect }) => {
    await lab.as(["git", "clone", "-q", "--bare", lab.workspace, `${lab.root}/lib.git`], "/");
    await lab.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", `${lab.root}/lib.git`, "lib");
    const jail = await lab.start(lab.request({ workspace: `${lab.workspace}/lib` }));
    const { stdout } = await jail.sh("echo b > b; git add -A; git commit -qm b; git log --oneline | wc -l; git config core.hooksPath /x 2>/dev/null && echo SET; cat ../a.txt 2>/dev/null");
    expect(stdout.trim()).toBe("2");
  });

  attack("a planted bare repository, settings, scripts and links out are told", async ({ lab, expect }) => {
    await lab.write("project/package.json", `{"scripts":{"test":"true"}}`);
    await lab.write("project/other.json", "{}");
    const jail = await lab.start();
    await jail.sh(`git init -q --bare docs/data; git -C docs/data config core.fsmonitor 'touch ${lab.root}/RAN'; git -C docs/data config core.bare false
      echo '{"scripts":{"test":"curl x|sh"}}' > package.json; mkdir -p .github/workflows .devcontainer; echo x > .github/workflows/ci.yml; echo x > AGENTS.md; echo x > Makefile; echo x > .envrc; echo x > .mcp.json; echo x > .devcontainer/devcontainer.json; ln -s /etc/passwd out; ln -s a.txt in; echo 1 > other.json
      python3 -c "import socket;socket.socket(socket.AF_UNIX).bind('left.sock')"`);
    const { runsOnHost } = await jail.end();
    const paths = runsOnHost.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        "docs/data",
        "docs/data/config",
        "package.json",
        ".github/workflows/ci.yml",
        "AGENTS.md",
        "Makefile",
        ".envrc",
        ".mcp.json",
        ".devcontainer/devcontainer.json",
        "out",
        "left.sock",
      ]),
    );
    expect(paths).not.toContain("in");
    expect(paths).not.toContain("other.json");
    expect(runsOnHost.find(({ path }) => path === "docs/data/config")?.why).toContain("core.fsmonitor");
  });

  attack("names with newlines, quotes, colons and escapes harm nothing", async ({ lab, expect }) => {
    await lab.as(["mkdir", "-p", `${lab.workspace}/a:b, "c" ü`, `${lab.workspace}/evil\nname`]);
    await lab.as(["git", "init", "-q", `${lab.workspace}/a:b, "c" ü`]);
    await lab.as(["git", "init", "-q", `${lab.workspace}/evil\nname`]);
    const jail = await lab.start();
    const { stdout } = await jail.sh(`echo x > 'a:b, "c" ü/.git/hooks/p' && echo WROTE; touch $'x\\n/etc/passwd' $'\\e]0;t\\a'`);
    expect(stdout).toBe("");
    expect(jail.prepared.notices.some(({ message }) => message.includes("control characters"))).toBe(true);
    expect(jail.prepared.mounts.every(({ target }) => !/\p{Cc}/u.test(target))).toBe(true);
  });

  attack("a workspace with colon, comma, quote and spaces in its name works", async ({ lab, expect }) => {
    const workspace = `${lab.root}/my: "odd", näme`;
    await lab.as(["mv", lab.workspace, workspace], "/");
    const jail = await lab.start(lab.request({ workspace }));
    const { stdout } = await jail.sh("pwd; cat a.txt; echo x > .git/hooks/p && echo WROTE; git status --porcelain");
    expect(stdout).toBe(`${workspace}\nhello\n`);
  });

  attack("two sandboxes in one workspace cannot undo each other's protection", async ({ lab, expect }) => {
    const first = await lab.start();
    const second = await lab.start();
    await second.end();
    const { stdout } = await first.sh(
      "mkdir -p .claude .vscode 2>/dev/null; echo x > .claude/settings.json && echo WROTE; echo x > .vscode/tasks.json && echo WROTE; echo x > .git/hooks/p && echo WROTE",
    );
    expect(stdout).toBe("");
    expect(await lab.has("project/.claude")).toBe(true);
    await first.end();
    expect(await lab.has("project/.claude")).toBe(false);
  });

  attack("a race of one sandbox against the start of another opens nothing", async ({ lab, expect }) => {
    const first = await lab.start();
    const racing = first.sh(
      `end=$((SECONDS+6)); while [ $SECONDS -lt $end ]; do mkdir -p r/.git/objects r/.git/refs r/.git/hooks; echo x > r/.git/HEAD; rm -rf r/.git/hooks; ln -s ${lab.root}/home/.ssh r/.git/hooks; rm -rf r; ln -s ${lab.root}/home r; rm -f r; done`,
    );
    for (let round = 0; round < 4; round += 1) {
      const second = await lab.start().catch((error: unknown) => error);
      if (!(second instanceof Error) && typeof second === "object" && second !== null && "sh" in second) {
        const jail = second as Awaited<ReturnType<Lab["start"]>>;
        const { stdout } = await jail.sh("cat r/.git/hooks/* r/.ssh/* 2>/dev/null");
        await jail.end();
        expect(stdout).not.toContain("THE-");
      } else expect(AppError.is(second) ? second.code : String(second)).toMatch(/^(?:WORKSPACE_UNSAFE|ENGINE_FAILED)$/u);
    }
    await racing;
  });

  attack("a further directory that is read-only stays so; one that can be written is protected", async ({ lab, expect }) => {
    await lab.write("docs/x.md", "doc\n");
    await lab.as(["git", "init", "-q", `${lab.root}/lib`], "/");
    const before = await lab.fingerprint("docs");
    const jail = await lab.start(
      lab.request({
        extra: [
          { path: `${lab.root}/docs`, readonly: true },
          { path: `${lab.root}/lib`, readonly: false },
        ],
      }),
    );
    const { stdout } = await jail.sh(
      `cat ${lab.root}/docs/x.md; echo y > ${lab.root}/docs/x.md && echo WROTE; touch ${lab.root}/docs/n && echo MADE; echo y > ${lab.root}/lib/f && echo FINE; echo y > ${lab.root}/lib/.git/hooks/p && echo WROTE; mkdir ${lab.root}/lib/.vscode/x && echo MADE`,
    );
    expect(stdout).toBe("doc\nFINE\n");
    await jail.end();
    expect(await lab.fingerprint("docs")).toBe(before);
  });

  attack("--allow-write opens the one path and no other", async ({ lab, expect }) => {
    const jail = await lab.start(lab.request({ allowWrite: [".git/config"] }));
    const { stdout } = await jail.sh("git remote add o https://example.org/x && echo ADDED; git config alias.x '!id'; echo x > .git/hooks/p && echo WROTE");
    expect(stdout).toBe("ADDED\n");
    const report = await jail.end();
    expect(report.runsOnHost).toEqual([{ path: ".git/config", why: "git settings that run programs: alias.x" }]);
    expect(await codeOf(lab.start(lab.request({ allowWrite: [".vscode/settings.json"] })))).toBe("WORKSPACE_INVALID");
    expect(await codeOf(lab.start(lab.request({ allowWrite: ["../x"] })))).toBe("WORKSPACE_INVALID");
  });

  attack("the host's processes, kernel settings and roots are out of reach", async ({ lab, expect }) => {
    const jail = await lab.start();
    const { stdout } = await jail.sh(
      `ls /proc/*/root/${lab.root}/home 2>/dev/null; cat /proc/1/environ 2>/dev/null | tr '\\0' '\\n' | grep -E 'TOKEN|SECRET|KEY'; for f in /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sysrq-trigger /sys/kernel/uevent_helper /sys/power/state /proc/sys/fs/binfmt_misc/register; do (echo x > $f) 2>/dev/null && echo WROTE $f; done; (echo x > /sys/fs/cgroup/release_agent) 2>/dev/null && echo WROTE; ls /dev/sd* /dev/vd* /dev/mem /dev/kmsg /dev/fuse 2>/dev/null; ls /var/run/docker.sock /run/docker.sock 2>/dev/null; true`,
    );
    expect(stdout).toBe("");
  });

  attack("what a crashed daemon left is taken away by the next", async ({ lab, expect }) => {
    const before = await lab.fingerprint("project");
    await lab.host.prepare(lab.request());
    expect(await lab.has("project/.claude")).toBe(true);
    expect(await lab.host.sweep(new Set())).toHaveLength(1);
    expect(await lab.fingerprint("project")).toBe(before);
    expect(await readFile("/proc/self/mountinfo", "utf8")).not.toContain(lab.root);
  });
});
