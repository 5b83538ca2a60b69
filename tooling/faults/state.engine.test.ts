import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "vitest";
import { docker, Lab, startService, until } from "./lab.ts";

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});
afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

describe("the database", () => {
  for (const [what, spoil] of [
    [
      "corrupted",
      (file: string) => {
        writeFileSync(file, "no database any more");
      },
    ],
    [
      "deleted",
      (file: string) => {
        rmSync(file);
      },
    ],
  ] as const) {
    it(`${what} under a running sandbox is made again from the engine, and everything goes on`, async ({ expect }) => {
      await using service = await startService();
      const workspace = lab.workspace();
      const connect = ["bash", "-c", `exec 3<>/dev/tcp/host.docker.internal/${service.port} && timeout 5 head -c2 <&3`];
      await lab.begin(["run", "-q", "--allow-host-port", String(service.port), "shell", "--", "sh", "-c", "echo kept > ~/kept"], { cwd: workspace }).done;
      await lab.call("POST", "/v1/sandboxes/shell-project/sessions", { kind: "exec", mode: "terminal", args: ["sleep", "4400"], terminal: { size: { columns: 80, rows: 24 } } });
      const before = (await lab.sandboxes())[0];
      await lab.killDaemon();
      for (const suffix of ["-wal", "-shm"]) rmSync(path.join(lab.state, `sbx.db${suffix}`), { force: true });
      spoil(path.join(lab.state, "sbx.db"));
      await until(async () => (await lab.sandboxes())[0]?.state.network === "ready", "the network");
      const after = (await lab.sandboxes())[0];
      expect(after).toMatchObject({ id: before?.id, name: "shell-project", state: { phase: "running", network: "ready" } });
      expect(after?.sessions.filter(({ state }) => state.phase === "running").map(({ id }) => id)).toEqual(before?.sessions.filter(({ state }) => state.phase === "running").map(({ id }) => id));
      expect((await lab.events()).some(({ type }) => type === "daemon.state-rebuilt")).toBe(true);
      expect(readdirSync(lab.state).some((name) => name.includes(".corrupt-"))).toBe(what === "corrupted");
      expect(await lab.sbx("exec", "shell-project", ...connect)).toMatchObject({ code: 0, out: "ok" });
      expect(await lab.run(workspace, "cat", "/home/agent/kept")).toMatchObject({ code: 0, out: "kept\n" });
      expect(await lab.sandboxes()).toHaveLength(1);
    });
  }

  it("deleted while the sandbox is stopped costs nothing either", async ({ expect }) => {
    const workspace = lab.workspace();
    await lab.run(workspace, "sh", "-c", "echo kept > ~/kept");
    await lab.sbx("stop", "shell-project");
    await lab.sbx("daemon", "stop");
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path.join(lab.state, `sbx.db${suffix}`), { force: true });
    expect((await lab.sandboxes())[0]).toMatchObject({ name: "shell-project", state: { phase: "stopped" } });
    expect(await lab.run(workspace, "cat", "/home/agent/kept")).toMatchObject({ code: 0, out: "kept\n" });
  });
});

describe("the files of a sandbox", () => {
  it("deleted while it is stopped are made again, and its home is kept", async ({ expect }) => {
    const workspace = lab.workspace();
    await lab.run(workspace, "sh", "-c", "echo kept > ~/kept");
    await lab.sbx("stop", "shell-project");
    for (const directory of ["sandboxes", "pods"]) rmSync(path.join(lab.state, directory), { recursive: true });
    expect(await lab.run(workspace, "cat", "/home/agent/kept")).toMatchObject({ code: 0, out: "kept\n" });
    expect(await lab.sandboxes()).toHaveLength(1);
  });
});

describe("the state directory", () => {
  it("starts over a stale lock, a lock of another process's pid and a socket left over", async ({ expect }) => {
    mkdirSync(lab.state, { mode: 0o700 });
    writeFileSync(path.join(lab.state, "sbxd.lock"), JSON.stringify({ pid: 1, started: "1" }));
    writeFileSync(path.join(lab.state, "sbxd.sock"), "");
    expect((await lab.sbx("ls")).code).toBe(0);
    expect(lab.daemon).not.toBe(1);
  });

  it("gets one daemon from commands that start together, and all are served", async ({ expect }) => {
    const outcomes = await Promise.all(Array.from({ length: 4 }, async () => lab.sbx("daemon", "status", "--json").then(async () => lab.sbx("ls"))));
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const ready = readFileSync(path.join(lab.state, "logs", "sbxd.log"), "utf8")
      .split("\n")
      .filter((line) => line.includes("daemon.ready"));
    expect(ready).toHaveLength(1);
  });

  it("in which others may write is refused by CLI and daemon, and nothing is put into it", async ({ expect }) => {
    mkdirSync(lab.state);
    chmodSync(lab.state, 0o777);
    const outcome = await lab.sbx("ls");
    expect(outcome).toMatchObject({ code: 125 });
    expect(outcome.err).toContain("CONFIG_INVALID");
    expect(readdirSync(lab.state)).toEqual([]);
    chmodSync(lab.state, 0o700);
  });

  it("serves no process of another user, though the directory be opened", async ({ expect }) => {
    if (process.getuid?.() !== 0) {
      console.log("not tried: becoming another user takes root");
      return;
    }
    await lab.sbx("ls");
    for (const one of [lab.root, lab.state]) chmodSync(one, 0o755);
    chmodSync(path.join(lab.state, "sbxd.sock"), 0o666);
    const program = `const r=require("net").connect(${JSON.stringify(path.join(lab.state, "sbxd.sock"))});r.on("connect",()=>{process.stdout.write("connected;");r.write("GET /v1/status HTTP/1.1\\r\\nhost: d\\r\\n\\r\\n")});r.on("data",(d)=>process.stdout.write(d));r.on("error",()=>{});r.on("close",()=>process.exit(0));`;
    const said = async (uid: number): Promise<string> => {
      const child = spawn(process.execPath, ["-e", `${program}setTimeout(()=>process.exit(0),700)`], { uid, gid: uid, stdio: ["ignore", "pipe", "inherit"] });
      const [out] = await Promise.all([text(child.stdout), once(child, "close")]);
      return out;
    };
    expect(await said(1234)).toBe("connected;");
    expect(await said(0)).toContain("200 OK");
    chmodSync(lab.state, 0o700);
  });

  it("keeps secrets for its owner alone, and out of the log", async ({ expect }) => {
    await lab.call("PUT", "/v1/secrets/anthropic", { value: "sk-ant-very-secret-value" }).catch(async () => {
      await lab.sbx("ls");
      return lab.call("PUT", "/v1/secrets/anthropic", { value: "sk-ant-very-secret-value" });
    });
    for (const file of ["vault", "vault.key"]) expect(statSync(path.join(lab.state, file)).mode & 0o777).toBe(0o600);
    await lab.call("PUT", "/v1/secrets/-not-a-name", { value: "sk-ant-very-secret-value" });
    await lab.call("POST", "/v1/sandboxes", { agent: "shell", workspace: "/nowhere", env: { TOKEN: "sk-ant-very-secret-value" } });
    expect(JSON.stringify(await lab.events())).not.toContain("very-secret");
    expect(readFileSync(path.join(lab.state, "logs", "sbxd.log"), "utf8")).not.toContain("very-secret");
  });
});

describe("what belongs to nobody", () => {
  it("is removed at the start, and another daemon's is left alone", async ({ expect }) => {
    await lab.run(lab.workspace(), "true");
    const image = (await docker("inspect", "-f", "{{.Image}}", await lab.container("workload"))).trim();
    await lab.sbx("daemon", "stop");
    const make = async (owner: string, name: string): Promise<string> =>
      docker(
        "run",
        "-d",
        "--name",
        name,
        "--network",
        "none",
        "--label",
        `dev.sbx.owner=${owner}`,
        "--label",
        "dev.sbx.sandbox=sbx_zzzzzzzz",
        "--label",
        "dev.sbx.role=workload",
        image,
        "sleep",
        "600",
      );
    const id = path.basename(lab.root).toLowerCase();
    await make(lab.owner, `dev-faults-orphan-${id}`);
    await make(`${lab.owner}x`, `dev-faults-other-${id}`);
    mkdirSync(path.join(lab.state, "pods", "sbx_zzzzzzzz"));
    try {
      await lab.sbx("ls");
      expect(await docker("ps", "-a", "--format", "{{.Names}}")).not.toContain(`dev-faults-orphan-${id}`);
      expect(await docker("ps", "--format", "{{.Names}}")).toContain(`dev-faults-other-${id}`);
      expect(existsSync(path.join(lab.state, "pods", "sbx_zzzzzzzz"))).toBe(false);
      expect(await lab.sandboxes()).toHaveLength(1);
    } finally {
      await docker("rm", "-f", `dev-faults-other-${id}`);
    }
  });

  it("stays nobody's after a removal: no record, rule, container or file; and a running session forbids it", async ({ expect }) => {
    const workspace = lab.workspace();
    await lab.run(workspace, "true");
    await lab.sbx("policy", "allow", "--sandbox", "shell-project", "example.org:443");
    await lab.call("POST", "/v1/sandboxes/shell-project/sessions", { kind: "exec", mode: "terminal", args: ["sleep", "4401"], terminal: { size: { columns: 80, rows: 24 } } });
    const refused = await lab.sbx("rm", "shell-project");
    expect(refused.code).toBe(125);
    expect(refused.err).toContain("SANDBOX_BUSY");
    expect((await lab.sandboxes())[0]?.state.phase).toBe("running");
    expect((await lab.sbx("rm", "--force", "shell-project")).code).toBe(0);
    expect(await lab.left(workspace)).toEqual([]);
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(path.join(lab.state, "sbx.db"), { readOnly: true });
    for (const table of ["sandboxes", "sessions"]) expect(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()).toEqual({ n: 0 });
    database.close();
  });
});

describe("a sandbox that nobody uses", () => {
  it("is stopped, and the next run has its home", async ({ expect }) => {
    await using idle = new Lab({ SBX_IDLE_STOP_MS: "300" });
    const workspace = idle.workspace();
    await idle.run(workspace, "sh", "-c", "echo kept > ~/kept");
    await until(async () => (await idle.sandboxes())[0]?.state.phase === "stopped", "stopped");
    // Told to be stopped from the end of its container on; its mounts go right after.
    await until(() => !readFileSync("/proc/self/mountinfo", "utf8").includes(idle.root), "without mounts");
    for (let round = 0; round < 3; round += 1) expect(await idle.run(workspace, "cat", "/home/agent/kept")).toMatchObject({ code: 0, out: "kept\n" });
    expect(await idle.run(workspace, "sh", "-c", "sleep 1.5; echo whole")).toMatchObject({ code: 0, out: "whole\n" });
  });
});
