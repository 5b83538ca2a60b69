import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { whyNoEngine, type OwnEngine } from "@sbx/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { startEngineWithImages, whyNoImages } from "./bring-images.ts";
import { docker, Lab, startService, until } from "./lab.ts";

const why = whyNoEngine("docker") ?? whyNoImages();
if (why !== undefined) process.stdout.write(`skipped: a daemon beside its engine, 13 tests, because ${why}\n`);

const OWNER = 1234;
/** An account that is nobody's on any machine that runs these. */
const ORDINARY = 47_123;
/** How agents call the image of their own sandbox. */
const IMAGE = "sbx/own:latest";
const KEY = "sk-ant-api03-a-key-of-this-machine-alone";

/** A lab whose home is below its own directory; its engine's address is put in when there is one. */
function makeLab(user?: number): { readonly lab: Lab; readonly home: string; readonly environment: Record<string, string> } {
  const environment: Record<string, string> = { ANTHROPIC_API_KEY: KEY };
  const lab = new Lab(environment, user === undefined ? {} : { user });
  const home = path.join(lab.root, "home");
  environment["HOME"] = home;
  for (const directory of [home, lab.state]) mkdirSync(directory, { mode: 0o700 });
  if (user !== undefined) for (const directory of [lab.root, home, lab.state]) chownSync(directory, user, user);
  return { lab, home, environment };
}

const scope = new AsyncDisposableStack();
let own: OwnEngine;
let lab: Lab;
let home: string;
let workspace: string;
let foreign: Lab;
let ordinary: ReturnType<typeof makeLab>;

async function inEngine(): Promise<readonly string[]> {
  const told = await Promise.all([docker("--host", own.host, "ps", "-a", "--format", "{{.Names}}"), docker("--host", own.host, "volume", "ls", "--format", "{{.Name}}")]);
  return told
    .join("\n")
    .split("\n")
    .filter((line) => line !== "");
}

async function daemonName(): Promise<string> {
  return (await lab.docker("ps", "--filter", `label=dev.sbx.owner=${lab.owner}`, "--filter", "label=dev.sbx.role=daemon", "--format", "{{.Names}}")).trim();
}

/** What a shell in the sandbox says, on both outputs. */
async function inside(script: string): Promise<string> {
  const { out, err } = await lab.begin(["exec", "shell-project", "sh", "-c", script], { cwd: workspace }).done;
  return out + err;
}

beforeAll(async () => {
  if (why !== undefined) return;
  const [shared, apart] = [makeLab(), makeLab()];
  ordinary = makeLab(ORDINARY);
  ({ lab, home } = shared);
  foreign = apart.lab;
  own = scope.use(await startEngineWithImages({ docker: true, withoutSockets: [lab.state, ordinary.lab.state], withoutFiles: [foreign.root] }));
  for (const { environment } of [shared, apart, ordinary]) environment["DOCKER_HOST"] = own.host;
  for (const one of [lab, foreign, ordinary.lab]) scope.use(one);
  workspace = path.join(home, "project");
  mkdirSync(workspace);
  chownSync(workspace, OWNER, OWNER);
}, 600_000);
afterAll(() => scope.disposeAsync(), 240_000);

describe.skipIf(why !== undefined)("a daemon beside an engine that sees files of this machine and reaches none of its sockets (where dockerd is installed)", () => {
  it("has the daemon in a container beside it, which says where it is and holds no key in its specification", async ({ expect }) => {
    const started = await lab.sbx("daemon", "start");
    expect(started).toMatchObject({ code: 0 });
    const name = await daemonName();
    expect(name).toMatch(/^sbx-d-[0-9a-f]{12}$/);
    const status = (await lab.sbx("daemon", "status")).out;
    expect(status).toContain(`container ${name} beside the engine at ${own.host}, its state in the volume ${name}; sees ${home} of this machine`);
    expect(status).toContain(path.join(lab.state, "sbxd.sock"));
    expect((await lab.sbx("doctor")).out).toContain(`container ${name} beside the engine`);
    expect(readFileSync(path.join(lab.state, "logs/sbxd.log"), "utf8")).toMatch(/"event":"engine\.probed".*"files":true,"sockets":false/);
    const specification = await lab.docker("inspect", name);
    expect(specification).not.toContain(KEY);
    const [{ HostConfig }] = JSON.parse(specification) as [{ HostConfig: { Privileged: boolean; CapAdd: string[]; CapDrop: string[]; ReadonlyRootfs: boolean } }];
    expect(HostConfig).toMatchObject({ Privileged: false, CapDrop: ["ALL"], ReadonlyRootfs: true });
    expect(HostConfig.CapAdd).not.toContain("SYS_ADMIN");
    // The key is the daemon's all the same.
    expect((await lab.sbx("secret", "ls")).out).toContain("anthropic");
    // Nothing of a daemon is on this machine but the way there.
    expect(readdirSync(lab.state).toSorted()).toEqual(["engine-place.json", "logs", "sbxd.lock", "sbxd.sock"]);
    expect(lstatSync(path.join(lab.state, "sbxd.sock")).mode & 0o777).toBe(0o600);
  });

  it("runs commands in the workspace as its owner, and denies and records what no rule allows", async ({ expect }) => {
    const { code, out, err } = await lab.run(workspace, "sh", "-c", "id -u; echo made > made; curl -sS -m 20 http://not-allowed.example/; exit 7");
    expect({ code, out }, err).toEqual({ code: 7, out: expect.stringMatching(/^1234\nsbx refused the connection to not-allowed\.example:80\./) as unknown });
    expect(readFileSync(path.join(workspace, "made"), "utf8")).toBe("made\n");
    expect(lstatSync(path.join(workspace, "made")).uid).toBe(OWNER);
    expect((await lab.events()).filter(({ type }) => type === "egress.denied").map(({ fields }) => fields["to"])).toContain("not-allowed.example");
  });

  it("carries standard input, binary output and files both ways", async ({ expect }) => {
    const sent = path.join(home, "sent");
    writeFileSync(sent, Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7) % 256)));
    expect(await lab.begin(["cp", sent, "shell-project:/tmp/there"], { cwd: workspace }).done).toMatchObject({ code: 0 });
    expect(await lab.begin(["cp", "shell-project:/tmp/there", path.join(home, "back")], { cwd: workspace }).done).toMatchObject({ code: 0 });
    expect(readFileSync(path.join(home, "back")).equals(readFileSync(sent))).toBe(true);
    const words = execFileSync("sh", ["-c", 'exec "$@" < "$0"', sent, process.execPath, path.resolve("apps/cli/bin/sbx.mjs"), "exec", "-i", "shell-project", "sha256sum"], {
      cwd: workspace,
      encoding: "utf8",
      env: { ...process.env, HOME: home, DOCKER_HOST: own.host, SBX_STATE_DIR: lab.state, SBX_CONFIG_DIR: lab.config },
    });
    expect(words.split(" ")[0]).toBe(createHash("sha256").update(readFileSync(sent)).digest("hex"));
  });
});

/** What an agent could ask for a container, to get at the engine's machine, at these places of it, or at the daemon. */
function optionsFor(places: readonly string[], daemon: string): readonly string[] {
  return [
    ...["/", "/proc", "/var/run", "/var/run/docker.sock", ...places].map((source) => `-v ${source}:/x`),
    `--volumes-from ${daemon}`,
    ...["network", "pid", "ipc"].map((namespace) => `--${namespace} container:${daemon}`),
    ...["network", "pid", "userns"].map((namespace) => `--${namespace} host`),
    "--privileged",
    "--cap-add SYS_ADMIN",
    "--device /dev/kmsg",
    "--cgroup-parent /",
    "--security-opt seccomp=unconfined",
  ];
}

/** What it could ask of the daemon's own container. */
const QUESTIONS = [
  "exec NAME true",
  "cp NAME:/etc/passwd /tmp/got",
  "inspect NAME",
  "logs NAME",
  "commit NAME stolen",
  "top NAME",
  "rm -f NAME",
  "stop NAME",
  "kill NAME",
  "rename NAME mine",
  "volume inspect NAME",
];

describe.skipIf(why !== undefined)("an agent with a Docker API whose daemon is beside its engine (where dockerd is installed)", () => {
  it("starts containers of its own, and gets to nothing of its daemon or of the engine's machine", async ({ expect, onTestFinished }) => {
    const project = path.join(home, "docker");
    mkdirSync(project);
    chownSync(project, OWNER, OWNER);
    const say = async (script: string): Promise<string> => {
      const { out, err } = await lab.begin(["exec", "with-docker", "sh", "-c", `exec 2>&1; ${script}`], { cwd: project }).done;
      return out + err;
    };
    onTestFinished(async () => void (await lab.sbx("rm", "--force", "with-docker")));
    expect(await lab.begin(["create", "-q", "--mount-docker-socket", "--name", "with-docker", "shell"], { cwd: project }).done).toMatchObject({ code: 0, err: "" });
    expect(
      await say(`docker run --rm -u ${OWNER} -v ${project}:/w -w /w ${IMAGE} sh -c 'id -u; ls /sys/class/net; echo of a child > child; curl -sS -m 20 http://not-allowed.example/ | head -1'`),
    ).toMatch(/^1234\nlo\nsbx refused the connection to not-allowed\.example:80\.\n$/);
    expect(readFileSync(path.join(project, "child"), "utf8")).toBe("of a child\n");

    const daemon = await daemonName();
    const state = (await lab.docker("volume", "inspect", "-f", "{{.Mountpoint}}", daemon)).trim();
    // The gate that is kept ready for the next container comes and goes.
    const lasting = async (): Promise<readonly string[]> => (await inEngine()).filter((name) => !name.startsWith("sbx-child-gate-")).toSorted();
    const before = await lasting();
    for (const option of optionsFor([home, lab.state, lab.config, state, own.socket, `${project}/..`], daemon))
      expect([option, await say(`docker run --rm ${option} ${IMAGE} echo got it; echo ended with $?`)]).toEqual([option, expect.stringMatching(/^(?![^]*got it)[^]*ended with 12[56]\n$/) as unknown]);
    for (const question of QUESTIONS)
      expect([question, await say(`docker ${question.replace("NAME", daemon)} ; echo ended with $?`)]).toEqual([question, expect.stringMatching(/[Nn]o such[^]*ended with [01]\n$/) as unknown]);
    // A name is the sandbox's own: under this one it has another volume, in which nothing is.
    expect(await say(`docker run --rm -v ${daemon}:/x ${IMAGE} ls -A /x; docker volume rm ${daemon}`)).toBe(`${daemon}\n`);
    expect(await say("test -e /tmp/got && echo got it; docker ps -aq; docker images -q stolen; echo looked")).toBe("looked\n");
    expect(await lasting()).toEqual(before);
    expect(await daemonName()).toBe(daemon);
    expect(await lab.begin(["rm", "--force", "with-docker"], { cwd: project }).done).toMatchObject({ code: 0 });
    const left = (await lab.docker("ps", "-a", "--filter", "label=dev.sbx.role", "--format", "{{.Names}} {{.Labels}}")).split("\n").filter((line) => line.includes("role=child"));
    expect(left).toEqual([]);
  });
});

describe.skipIf(why !== undefined)("a sandbox of a daemon beside its engine (where dockerd is installed)", () => {
  it("sees nothing of its daemon: no socket, no volume, no engine", async ({ expect }) => {
    const state = (await lab.docker("volume", "inspect", "-f", "{{.Mountpoint}}", await daemonName())).trim();
    const places = [state, path.join(state, "sbxd.sock"), path.join(state, "vault"), own.socket, "/var/run/docker.sock", lab.state, lab.config, path.join(home, ".config")];
    expect(await inside(`for place in ${places.join(" ")}; do test -e $place && echo "seen: $place"; done; echo looked`)).toBe("looked\n");
    expect(
      await inside(`for socket in ${[path.join(state, "sbxd.sock"), own.socket].join(" ")}; do curl -sS -m 5 --unix-socket $socket http://x/v1/status && echo answered; done; true`),
    ).not.toContain("answered");
    const mounts = await inside("cat /proc/self/mountinfo");
    expect(mounts).toContain(` ${workspace} `);
    for (const line of mounts.split("\n")) for (const part of ["sbxd", "vault", "/s ", ".sock "]) expect(line).not.toContain(part);
    // The daemon's network is that of the engine's machine; the sandbox's has nothing but itself.
    expect(await inside("ls /sys/class/net")).toBe("lo\n");
    expect(await inside("grep -l 's[b]xd' /proc/[0-9]*/cmdline; echo looked")).toBe("looked\n");
  });

  it("is not given what cannot be done from there, and none of it is done", async ({ expect }) => {
    const outside = lab.workspace("outside");
    expect(await lab.run(outside, "true")).toMatchObject({
      code: 125,
      err: expect.stringMatching(/not where the container engine at .* sees this machine's files[^]*fix: .*SBX_ENGINE_SHARES/) as unknown,
    });
    expect(await lab.begin(["run", "-q", "--name", "own", "shell", lab.state, "--", "true"], { cwd: workspace }).done).toMatchObject({ code: 125 });
    expect(await lab.begin(["ports", "shell-project", "--publish", "0:3000"], { cwd: workspace }).done).toMatchObject({ code: 125, err: expect.stringContaining("ENGINE_ELSEWHERE") as unknown });
    expect(await lab.sbx("mcp", "gateway", "run", "--transport", "streaming", "--port", "0")).toMatchObject({ err: expect.stringContaining("is not on this machine") as unknown });
    expect((await lab.sandboxes()).map(({ name }) => name)).toEqual(["shell-project"]);
    expect(readdirSync(outside)).toEqual([]);
  });

  it("does not get to services of the engine's machine that somebody took for services of this one", async ({ expect }) => {
    await using service = await startService();
    await using _relay = await own.relay(service.port, { to: service.port });
    const curl = `curl -sS -m 20 http://host.docker.internal:${String(service.port)}/ 127.0.0.1:${String(service.port)} || true`;
    const fromThere = ["exec", await daemonName(), "curl", "-sS", "--http0.9", "-m", "20", `http://127.0.0.1:${String(service.port)}/`];
    expect(await lab.docker(...fromThere)).toBe("ok");
    expect(service.count()).toBe(1);
    const { code } = await lab.begin(["run", "-q", "--allow-host-port", String(service.port), "shell", "--", "sh", "-c", curl], { cwd: workspace }).done;
    expect(code).toBe(0);
    expect(service.count()).toBe(1);
  });

  it("goes on over a kill of the way to its daemon, which ends the daemon, and has its network back", async ({ expect }) => {
    const before = await lab.docker("ps", "-q", "--no-trunc", "--filter", "label=dev.sbx.role=workload");
    await lab.killDaemon();
    await until(async () => (await lab.docker("ps", "-q", "--filter", "label=dev.sbx.role=daemon")) === "", "the end of the daemon that nobody can reach");
    expect(await inside("curl -sS -m 20 http://after.example/ | head -1")).toBe("sbx refused the connection to after.example:80.\n");
    expect(await lab.docker("ps", "-q", "--no-trunc", "--filter", "label=dev.sbx.role=workload")).toBe(before);
    expect((await lab.docker("ps", "-q", "--filter", "label=dev.sbx.role=daemon")).trim().split("\n")).toHaveLength(1);
  });

  it("leaves nothing after rm, and its daemon nothing but the volume of its state", async ({ expect }) => {
    const name = await daemonName();
    expect(await lab.sbx("rm", "--force", "shell-project")).toMatchObject({ code: 0 });
    expect((await inEngine()).toSorted()).toEqual([name, name]);
    expect(await lab.sbx("daemon", "stop")).toMatchObject({ code: 0, out: "stopped\n" });
    expect(await inEngine()).toEqual([name]);
    expect(await lab.docker("volume", "ls", "--format", "{{.Name}}")).toBe(`${name}\n`);
    expect(readdirSync(home).filter((entry) => entry.startsWith(".sbx"))).toEqual([]);
    expect(readdirSync(lab.state).toSorted()).not.toContain("sbxd.sock");
  });
});

describe.skipIf(why !== undefined)("others at the same engine (where dockerd is installed)", () => {
  it("are served as whom they are: an ordinary caller by a daemon without a capability", async ({ expect }) => {
    const project = path.join(ordinary.home, "project");
    mkdirSync(project);
    chownSync(project, ORDINARY, ORDINARY);
    chownSync(own.socket, 0, ORDINARY);
    chmodSync(own.socket, 0o660);
    const { code, out, err } = await ordinary.lab.run(project, "sh", "-c", "id -u; echo made > made");
    expect({ code, out }, err).toEqual({ code: 0, out: `${String(ORDINARY)}\n` });
    expect(lstatSync(path.join(project, "made")).uid).toBe(ORDINARY);
    const id = (await ordinary.lab.docker("ps", "-q", "--filter", "label=dev.sbx.role=daemon")).trim();
    expect((await ordinary.lab.docker("inspect", "-f", "{{.Config.User}} {{.HostConfig.CapAdd}}", id)).trim()).toBe(`${String(ORDINARY)}:${String(ORDINARY)} []`);
    expect(await ordinary.lab.docker("exec", id, "sh", "-c", "grep -h ^CapEff /proc/[0-9]*/status | sort -u")).toBe("CapEff:\t0000000000000000\n");
  });

  it("have their sandboxes again after the engine ended and came again", async ({ expect }) => {
    const project = path.join(ordinary.home, "project");
    await own.stop("SIGTERM");
    await until(() => !existsSync(path.join(ordinary.lab.state, "sbxd.sock")), "the end of the way to the daemon");
    await own.start();
    chownSync(own.socket, 0, ORDINARY);
    chmodSync(own.socket, 0o660);
    const { code, out, err } = await ordinary.lab.run(project, "cat", "made");
    expect({ code, out }, err).toEqual({ code: 0, out: "made\n" });
    expect((await ordinary.lab.docker("ps", "-aq", "--filter", "label=dev.sbx.role=daemon")).trim().split("\n")).toHaveLength(1);
  });

  it("start nothing where something else is believed of the engine than it is, and ask it anew", async ({ expect }) => {
    const known = path.join(foreign.state, "engine-place.json");
    const [id, boot] = [(await foreign.docker("info", "-f", "{{.ID}}")).trim(), readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()];
    writeFileSync(known, JSON.stringify({ engine: id, boot, place: "here" }));
    const before = (await inEngine()).toSorted();
    const { code, err } = await foreign.run(foreign.workspace(), "true");
    expect(code).toBe(125);
    expect(err).toMatch(/does not see ".*" of this machine\n {2}fix: .*sbx daemon stop[^]*code: ENGINE_ELSEWHERE/);
    expect((await inEngine()).toSorted()).toEqual(before);
    expect(existsSync(known)).toBe(false);
    await foreign.sbx("daemon", "stop");
  });

  it("are refused with what to do where it sees no file of theirs, and nothing is left of the question", async ({ expect }) => {
    const before = (await inEngine()).toSorted();
    const workplace = foreign.workspace();
    const { code, err } = await foreign.run(workplace, "true");
    expect(code).toBe(125);
    expect(err).toMatch(/engine at .* is not on this machine, and ".*home" of this machine is not there[^]*fix: .*SBX_ENGINE_SHARES.*own machine[^]*code: ENGINE_ELSEWHERE/);
    expect(readdirSync(workplace)).toEqual([]);
    await until(() => !existsSync(path.join(foreign.state, "sbxd.sock")), "the end of the daemon");
    expect((await inEngine()).toSorted()).toEqual(before);
  });
});
