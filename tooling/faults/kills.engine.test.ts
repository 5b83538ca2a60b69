import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, it } from "vitest";
import { docker, isAlive, Lab, startService, until } from "./lab.ts";

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});
afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

/** Pid on the host of a process in the workload that has this text in its arguments. */
async function insidePid(mark: string): Promise<number> {
  const lines = (await docker("top", await lab.container("workload"), "-eo", "pid,args")).split("\n").filter((line) => line.includes(mark) && !line.includes("hold"));
  return Number(lines[0]?.trim().split(" ")[0]);
}

async function startAndTouch(workspace: string, ...command: readonly string[]): Promise<ReturnType<Lab["begin"]>> {
  const running = lab.begin(["run", "-q", "shell", "--", ...command], { cwd: workspace });
  await until(async () => (await lab.sandboxes())[0]?.sessions.some(({ state }) => state.phase === "running") === true, "a session");
  return running;
}

describe("kill -9", () => {
  it("of the CLI leaves the session running, to be inspected and ended", async ({ expect }) => {
    const { child, done } = await startAndTouch(lab.workspace(), "sleep", "4321");
    child.kill("SIGKILL");
    await done;
    const pid = await insidePid("sleep 4321");
    expect(isAlive(pid)).toBe(true);
    expect((await lab.sandboxes())[0]?.sessions[0]?.state.phase).toBe("running");
    expect((await lab.sbx("stop", "shell-project")).code).toBe(0);
    expect(isAlive(pid)).toBe(false);
  });

  it("of the agent ends its session with 137, and the sandbox serves the next", async ({ expect }) => {
    const { done } = await startAndTouch(lab.workspace(), "sleep", "4322");
    process.kill(await insidePid("sleep 4322"), "SIGKILL");
    expect((await done).code).toBe(137);
    expect(await lab.run(lab.workspace(), "echo", "next")).toMatchObject({ code: 0, out: "next\n" });
  });

  it("of the workload is noticed: 137, stopped, the workspace given back, and the next run has its home", async ({ expect }) => {
    const workspace = lab.workspace();
    await lab.run(workspace, "sh", "-c", "echo kept > ~/kept");
    const { done } = await startAndTouch(workspace, "sleep", "4323");
    await docker("kill", await lab.container("workload"));
    expect((await done).code).toBe(137);
    await until(async () => (await lab.sandboxes())[0]?.state.phase === "stopped", "stopped");
    await until(() => !readFileSync("/proc/self/mountinfo", "utf8").includes(lab.root), "the workspace given back");
    await until(async () => (await docker("ps", "-q", "--filter", `label=dev.sbx.owner=${lab.owner}`)) === "", "the end of its gate");
    expect(await lab.run(workspace, "cat", "/home/agent/kept")).toMatchObject({ code: 0, out: "kept\n" });
  });

  it.for(["gate", "workload"] as const)("and removal of the %s behind our back is healed by the next run", async (role, { expect }) => {
    const workspace = lab.workspace();
    await lab.run(workspace, "sh", "-c", "echo kept > ~/kept");
    await docker("rm", "-f", await lab.container(role));
    await lab.sbx("stop", "shell-project");
    expect(await lab.run(workspace, "cat", "/home/agent/kept")).toMatchObject({ code: 0, out: "kept\n" });
    expect((await lab.inEngine()).length).toBe(3);
  });
});

describe("a daemon of an older version", () => {
  it("gives way to the installed one, and what runs in its sandboxes goes on", async ({ expect }) => {
    const { child } = await startAndTouch(lab.workspace(), "sleep", "4325");
    child.kill("SIGKILL");
    const pid = await insidePid("sleep 4325");
    const lock = path.join(lab.state, "sbxd.lock");
    const older = JSON.parse(readFileSync(lock, "utf8")) as { readonly pid: number; readonly version: string };
    writeFileSync(lock, JSON.stringify({ ...older, version: "0.0.1" }));
    const { code, out, err } = await lab.sbx("exec", "shell-project", "echo", "served");
    expect({ code, out, err }).toEqual({ code: 0, out: "served\n", err: `sbx: the daemon 0.0.1 gave way to ${older.version}; sandboxes went on\n` });
    expect(JSON.parse(readFileSync(lock, "utf8"))).toMatchObject({ version: older.version });
    await until(() => !isAlive(older.pid), "the older daemon's end");
    expect(isAlive(pid)).toBe(true);
    expect((await lab.sandboxes())[0]?.sessions.some(({ state }) => state.phase === "running")).toBe(true);
    expect((await lab.sbx("ls")).err).toBe("");
  });
});

describe("kill -9 of the daemon", () => {
  const connect = (port: number): string => `exec 3<>/dev/tcp/$address/${port} && timeout 60 head -c2 <&3`;

  it("leaves the agent running without a network, which the next daemon serves, though the workload listens and never accepts", async ({ expect }) => {
    await using service = await startService();
    const workspace = lab.workspace();
    await lab.begin(["run", "-q", "--allow-host-port", String(service.port), "shell", "--", "true"], { cwd: workspace }).done;
    const deaf = "perl -MSocket -e 'socket(S,PF_INET,SOCK_STREAM,0);bind(S,sockaddr_in(4000,INADDR_ANY));listen(S,1);sleep 600' &";
    // By the address of the name: a connection waits for the next daemon, a resolver may give up before.
    const script = `${deaf} address=$(getent hosts host.docker.internal | cut -d" " -f1); ${connect(service.port)} && touch ready; while [ ! -e go ]; do sleep 0.05; done; touch tried; ${connect(service.port)} && touch passed; exec sleep 4324`;
    // Opened without a CLI: one that follows a session would start the next daemon at once.
    await lab.call("POST", `/v1/sandboxes/shell-project/sessions`, { kind: "exec", mode: "terminal", args: ["bash", "-c", script], terminal: { size: { columns: 80, rows: 24 } } });
    await until(() => existsSync(`${workspace}/ready`), "ready");
    const startedAt = await docker("inspect", "-f", "{{.State.StartedAt}}", await lab.container("workload"));
    const served = service.count();
    await lab.killDaemon();
    writeFileSync(`${workspace}/go`, "");
    await until(() => existsSync(`${workspace}/tried`), "tried");
    await sleep(1500);
    expect(existsSync(`${workspace}/passed`)).toBe(false);
    expect(service.count()).toBe(served);
    await lab.sbx("daemon", "start");
    const began = performance.now();
    await until(() => existsSync(`${workspace}/passed`), "passed");
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(service.count()).toBe(served + 1);
    expect(await docker("inspect", "-f", "{{.State.StartedAt}}", await lab.container("workload"))).toBe(startedAt);
    expect(Number.isNaN(await insidePid("sleep 4324"))).toBe(false);
  });

  it("loses no exit code, of neither kind of session", async ({ expect }) => {
    const workspace = lab.workspace();
    await lab.run(workspace, "true");
    const name = (await lab.sandboxes())[0]?.name ?? "";
    const open = async (mode: string, code: number): Promise<string> => {
      const session = await lab.call("POST", `/v1/sandboxes/${name}/sessions`, {
        kind: "exec",
        mode,
        args: ["sh", "-c", `sleep 2; exit ${code}`],
        ...(mode === "terminal" ? { terminal: { size: { columns: 80, rows: 24 } } } : {}),
      });
      return (session as { readonly id: string }).id;
    };
    const [terminal, streams] = [await open("terminal", 41), await open("streams", 42)];
    await lab.killDaemon();
    await sleep(3000);
    const sessions = (await lab.sandboxes())[0]?.sessions ?? [];
    expect(sessions.find(({ id }) => id === terminal)?.state).toMatchObject({ phase: "ended", exitCode: 41 });
    expect(sessions.find(({ id }) => id === streams)?.state).toMatchObject({ phase: "ended", exitCode: 42 });
  });

  it("does not outlast a deadline", async ({ expect }) => {
    const workspace = lab.workspace();
    await lab.run(workspace, "true");
    const name = (await lab.sandboxes())[0]?.name ?? "";
    await lab.call("POST", `/v1/sandboxes/${name}/sessions`, { kind: "exec", mode: "terminal", args: ["sleep", "4325"], deadlineMs: 2000, terminal: { size: { columns: 80, rows: 24 } } });
    await lab.killDaemon();
    await lab.sbx("ls");
    await until(async () => (await lab.sandboxes())[0]?.sessions.at(-1)?.state.exitCode === 124, "the deadline");
    expect(Number.isNaN(await insidePid("sleep 4325"))).toBe(true);
  });
});

describe("kill -9 of the gate", () => {
  it("is said, lets traffic go on, cuts off after a restart of the daemon, and stop and start heal it", async ({ expect }) => {
    await using service = await startService();
    const workspace = lab.workspace();
    const connect = ["bash", "-c", `exec 3<>/dev/tcp/host.docker.internal/${service.port} && timeout 60 head -c2 <&3`];
    expect(await lab.begin(["run", "-q", "--allow-host-port", String(service.port), "shell", "--", ...connect], { cwd: workspace }).done).toMatchObject({ code: 0, out: "ok" });
    const name = (await lab.sandboxes())[0]?.name ?? "";
    await docker("kill", await lab.container("gate"));
    await until(async () => (await lab.sandboxes())[0]?.state.network === "degraded", "degraded");
    expect(await lab.sbx("exec", name, ...connect)).toMatchObject({ code: 0, out: "ok" });
    await lab.killDaemon();
    await until(async () => (await lab.sandboxes())[0]?.state.network === "cut-off", "cut-off");
    const served = service.count();
    expect((await lab.sbx("exec", name, ...connect)).out).toBe("");
    expect(service.count()).toBe(served);
    expect((await lab.sbx("ls")).out).toMatch(/cut.off/i);
    await lab.sbx("stop", name);
    await lab.sbx("start", name);
    expect(await lab.sbx("exec", name, ...connect)).toMatchObject({ code: 0, out: "ok" });
  });
});
