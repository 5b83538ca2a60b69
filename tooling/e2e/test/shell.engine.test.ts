import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { giveTo, openHost, patiently, type Host } from "../src/open-host.ts";

const LEAK = "canary-of-the-environment";
const AWS = "canary-of-the-credentials-file";

let host: Host;
beforeAll(() => {
  host = openHost({ SBX_E2E_LEAK: LEAK, E2E_LEAK: LEAK, TZ: "Asia/Kathmandu" });
  mkdirSync(path.join(host.home, ".aws"));
  writeFileSync(path.join(host.home, ".aws", "credentials"), `[default]\naws_secret_access_key = ${AWS}\n`);
});
afterAll(() => host[Symbol.asyncDispose]());

describe("a sandbox, seen from inside", () => {
  it("is not root and has nothing of the host: no home, no credentials, no environment", async ({ expect }) => {
    const cwd = await host.project("seen");
    const { code, stdout, stderr } = await host.sbx(
      [
        "run",
        "-q",
        "shell",
        "--",
        "sh",
        "-c",
        `id -u; pwd; ls -A ~ ~/.aws /root '${host.home}'; cat ~/.aws/credentials '${host.home}/.aws/credentials'; env -0 | tr '\\n\\0' '  '; cat /proc/*/environ | tr '\\0' ' '`,
      ],
      { cwd },
    );
    expect(code).toBe(0);
    expect(stdout.split("\n").slice(0, 2)).toEqual(["1000", cwd]);
    for (const canary of [LEAK, AWS, "E2E_LEAK", "SBX_STATE_DIR"]) expect(stdout + stderr).not.toContain(canary);
    expect(stderr).toContain("cannot access '/home/agent/.aws'");
    expect(stderr).toContain("cannot open directory '/root'");
    expect(stderr).toContain(`cannot access '${host.home}'`);
    const names = (await host.sbx(["exec", "shell-seen", "sh", "-c", "env | cut -d= -f1 | sort | xargs"])).stdout.trim();
    expect(names).toBe("HOME HOSTNAME LANG LOGNAME MCP_GATEWAY_URL MCP_SENTINEL_TOKEN_NAME NODE_EXTRA_CA_CERTS PATH PWD SBX_SANDBOX SHELL TZ USER WORKSPACE_DIR");
    const clock = (await host.sbx(["exec", "shell-seen", "sh", "-c", "date +%z; node -p 'new Date(0).getHours()'; date +%s"])).stdout.trim().split("\n");
    expect(clock.slice(0, 2)).toEqual(["+0545", "5"]);
    expect(Math.abs(Number(clock[2]) - Date.now() / 1000)).toBeLessThan(60);
    expect((await host.sbx(["exec", "-e", "TZ=UTC", "shell-seen", "date", "+%z"])).stdout).toBe("+0000\n");
    const [container] = (await host.containersOf((await host.sandbox("shell-seen")).id)).filter(({ Labels }) => Labels["dev.sbx.role"] === "workload");
    expect(await host.inspect(container?.Id ?? "")).not.toContain(LEAK);
  });

  it("cannot become root, reach the engine or change what runs on the host", async ({ expect }) => {
    const cwd = await host.project("contained");
    const { stdout } = await host.sbx(
      [
        "run",
        "-q",
        "shell",
        "--",
        "sh",
        "-c",
        "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; find / -xdev -perm -4000 -type f 2>/dev/null | head -1 | xargs -r -n1 sh -c 'echo setuid $0'; ls /var/run/docker.sock 2>&1; echo evil > .git/hooks/pre-commit; git config core.fsmonitor evil; cp /bin/sh s && chmod u+s s; cat /sys/class/net/*/address | xargs",
      ],
      { cwd },
    );
    expect(stdout).toMatch(/CapEff:\s+0{16}/);
    expect(stdout).toMatch(/CapBnd:\s+0{16}/);
    expect(stdout).toMatch(/NoNewPrivs:\s+1/);
    expect(stdout).toMatch(/Seccomp:\s+2/);
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("00:00:00:00:00:00");
    expect((await host.git(cwd, "config", "--local", "--list")).stdout).not.toContain("evil");
    expect((await host.git(cwd, "commit", "-q", "--allow-empty", "-m", "still mine")).code).toBe(0);
    expect(statSync(path.join(cwd, "s")).mode & 0o6000).toBe(0);
  });
});

describe("how a session ends", () => {
  let cwd: string;
  const run = (script: string, ...options: readonly string[]) => host.sbx(["run", "-q", ...options, "shell", "--", "sh", "-c", script], { cwd });
  beforeAll(async () => {
    cwd = await host.project("ends");
  });

  it.for([
    ["exit 0", 0],
    ["exit 7", 7],
    ["kill -TERM $$; sleep 9", 143],
    ["kill -KILL $$; sleep 9", 137],
    ["no-such-program-here", 127],
  ] as const)("%s gives %d", async ([script, code], { expect }) => {
    expect((await run(script)).code).toBe(code);
  });

  it("keeps stdout and stderr apart, whole and in order", async ({ expect }) => {
    const { stdout, stderr } = await run("seq 1 20000; seq 1 20000 >&2; printf end");
    const lines = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join("");
    expect(stdout === `${lines}end`).toBe(true);
    expect(stderr === lines).toBe(true);
  });

  it("gives stdin when something is piped, and end of file otherwise", async ({ expect }) => {
    const input = `${"x".repeat(300_000)}\nlast line`;
    const piped = await host.sbx(["run", "-q", "shell", "--", "sh", "-c", "wc -c; echo ended"], { cwd, input });
    expect(piped.stdout.split("\n").map((line) => line.trim())).toEqual([String(input.length), "ended", ""]);
    expect((await run("wc -c")).stdout.trim()).toBe("0");
  });

  it("ends at its deadline with 124, and so does what it started", async ({ expect }) => {
    const began = performance.now();
    const { code } = await run("sleep 4242 & sleep 4343", "--deadline", "1s");
    expect(code).toBe(124);
    expect(performance.now() - began).toBeLessThan(60_000);
    expect((await host.sbx(["exec", "shell-ends", "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"])).stdout).not.toMatch(/sleep 4[23]4[23]/);
  });

  it("ends when the person interrupts it", async ({ expect }) => {
    const [node, script] = host.launcher;
    const child = spawn(node, [script, "run", "-q", "shell", "--", "sh", "-c", "echo began; exec sleep 4444"], { cwd, env: host.env, stdio: ["ignore", "pipe", "ignore"] });
    const ended = new Promise<number | null>((resolve) => {
      child.once("exit", (code) => {
        resolve(code);
      });
    });
    child.stdout.once("data", () => child.kill("SIGINT"));
    expect(await ended).toBe(130);
    expect(await patiently(3000, async () => (await host.sandbox("shell-ends")).sessions.every(({ state }) => state.phase === "ended"))).toBe(true);
  });

  it("has the variables that were passed, for this session alone", async ({ expect }) => {
    const { stdout } = await host.sbx(["run", "-q", "-e", "SET=by hand", "-e", "PASSED_ON", "shell", "--", "sh", "-c", 'echo "$SET,$PASSED_ON"'], { cwd, env: { PASSED_ON: "from outside" } });
    expect(stdout).toBe("by hand,from outside\n");
    expect((await run('echo "$SET,$PASSED_ON"')).stdout).toBe(",\n");
  });
});

describe("a variable that a sandbox is made with", () => {
  it("is there for every session, one of a session's own wins, and the engine shows neither", async ({ expect }) => {
    const cwd = await host.project("variables");
    expect((await host.sbx(["create", "-q", "-e", "MADE=canary-made", "-e", "BOTH=canary-first", "shell"], { cwd })).code).toBe(0);
    const say = 'echo "$MADE,$BOTH"';
    expect((await host.sbx(["exec", "-e", "BOTH=canary-second", "shell-variables", "sh", "-c", say])).stdout).toBe("canary-made,canary-second\n");
    expect((await host.sbx(["run", "-q", "shell", "--", "sh", "-c", say], { cwd })).stdout).toBe("canary-made,canary-first\n");
    for (const { Id } of await host.containersOf((await host.sandbox("shell-variables")).id)) expect(await host.inspect(Id)).not.toContain("canary");
  });
});

describe("workspaces of all kinds", () => {
  it.for([
    [0, 1000],
    [1234, 1234],
  ] as const)("of uid %d: the agent is uid %d, and what it writes belongs to the owner", async ([owner, agent], { expect }) => {
    const cwd = await host.project(`of-${owner}`, owner);
    const { code, stdout, stderr } = await host.sbx(
      [
        "run",
        "-q",
        "shell",
        "--",
        "sh",
        "-c",
        "id -un; id -u; mkdir made && echo inside > made/file && echo more >> README.md && git add . && git commit -q -m inside && git log --format='%an <%ae>' -1; stat -c %u README.md ~",
      ],
      { cwd },
    );
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n")).toEqual(["agent", String(agent), "Ada Example <ada@example.invalid>", String(agent), String(agent)]);
    expect(code).toBe(0);
    for (const name of ["made", "made/file", "README.md", ".git/refs/heads/main"]) expect([name, statSync(path.join(cwd, name)).uid]).toEqual([name, owner]);
    expect((await host.git(cwd, "log", "--format=%s")).stdout).toBe("inside\nBegin\n");
  });

  it("a git worktree: commits inside are there outside", async ({ expect }) => {
    const main = await host.project("main-repository");
    const cwd = `${main}-tree`;
    expect((await host.git(main, "worktree", "add", "-q", "-b", "topic", cwd)).stderr).toBe("");
    const { code, stderr } = await host.sbx(["run", "-q", "shell", "--", "sh", "-c", "echo x > x && git add x && git commit -q -m 'in the worktree' && git status --short"], { cwd });
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect((await host.git(main, "log", "--format=%s", "topic")).stdout).toBe("in the worktree\nBegin\n");
    expect((await host.git(main, "status", "--short")).stdout).toBe("");
  });

  it("a submodule: commits inside are there outside", async ({ expect }) => {
    const library = await host.project("library");
    const whole = await host.project("whole", 1234);
    expect((await host.git(whole, "submodule", "add", "-q", library, "lib")).stderr).toBe("");
    giveTo(whole, 1234);
    const cwd = path.join(whole, "lib");
    const { code, stderr } = await host.sbx(["run", "-q", "shell", "--", "sh", "-c", "echo x > x && git add x && git commit -q -m 'in the submodule'"], { cwd });
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect((await host.git(cwd, "log", "--format=%s")).stdout).toBe("in the submodule\nBegin\n");
    expect((await host.git(whole, "status", "--short")).stdout).toContain("lib");
  });
});

describe("a sandbox over its life", () => {
  it("is one for a workspace, also when two ask for it at the same moment", async ({ expect }) => {
    const cwd = await host.project("twice");
    const both = await Promise.all(["one", "two"].map((name) => host.sbx(["run", "-q", "shell", "--", "sh", "-c", `echo ${name}; echo ${name} > ~/${name}; hostname`], { cwd })));
    const own = (await host.sandbox("shell-twice")).id.replace("_", "-");
    expect(both.map(({ code, stdout, stderr }) => [code, stdout, stderr])).toEqual([
      [0, `one\n${own}\n`, ""],
      [0, `two\n${own}\n`, ""],
    ]);
    expect((await host.sandboxes()).filter(({ workspace }) => workspace === cwd)).toHaveLength(1);
    expect((await host.sbx(["run", "-q", "shell", "--", "sh", "-c", "cat ~/one ~/two"], { cwd })).stdout).toBe("one\ntwo\n");
  });

  it("runs commands beside the agent, shows itself, stops, starts with its home, and goes", async ({ expect }) => {
    const cwd = await host.project("life");
    expect((await host.sbx(["create", "-q", "--name", "life", "shell"], { cwd })).code).toBe(0);
    const piped = await host.sbx(["exec", "-i", "life", "sh", "-c", "cat > ~/kept; echo said; echo aside >&2; exit 3"], { input: "kept over a stop" });
    expect(piped).toEqual({ code: 3, stdout: "said\n", stderr: "aside\n" });
    expect((await host.sbx(["logs", "life"])).stdout).toContain("said\n");

    const shown = await host.sandbox("life");
    expect(shown).toMatchObject({ name: "life", agent: "shell", workspace: cwd, state: { phase: "running", network: "ready" } });
    expect((await host.sandboxes()).map(({ name }) => name)).toContain("life");

    expect((await host.sbx(["stop", "life"])).code).toBe(0);
    expect((await host.sandbox("life")).state).toEqual({ phase: "stopped" });
    expect((await host.sbx(["start", "life"])).code).toBe(0);
    expect(await host.sbx(["exec", "life", "sh", "-c", "cat ~/kept"])).toEqual({ code: 0, stdout: "kept over a stop", stderr: "" });
    expect((await host.sbx(["stop", "life"])).code).toBe(0);
    expect((await host.sbx(["exec", "life", "cat", "/home/agent/kept"])).stdout).toBe("kept over a stop");

    expect((await host.sbx(["rm", "life"])).code).toBe(0);
    expect(await host.containersOf(shown.id)).toEqual([]);
    expect((await host.remains()).filter((line) => line.includes(shown.id.slice(4)))).toEqual([]);
    expect((await host.sbx(["inspect", "life"])).stderr).toContain("SANDBOX_NOT_FOUND");
    expect(readFileSync(path.join(cwd, "README.md"), "utf8")).toBe("# A sample\n");
    expect((await host.git(cwd, "status", "--short", "--ignored")).stdout).toBe("");
  });
});
