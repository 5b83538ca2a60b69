import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { workloadSeccomp, type ExecProcess } from "@sbx/core";
import { HoldLink } from "@sbx/hold";
import { createImageMaker } from "@sbx/images";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openLab, runPython, start, startPod, type Lab, type TestPod } from "./pod-lab.ts";

const USER = "1000:1000";
const HOLD = "/.sbx/hold";
/** What the kernel says of a process that decides what it may do. */
const STANDING = "grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|SigIgn|SigBlk)' /proc/self/status; cat /proc/self/limits /proc/self/cgroup /proc/self/oom_score_adj; umask; env | sort";
const KNOCK = `
def knock(kind):
    s = socket.socket(socket.AF_UNIX, kind); s.settimeout(2); s.connect(b"\\0sbx-init"); return "in"
`;

/** A pod whose workload has our first process, and the links that its gate passed on. */
class HeldPod implements AsyncDisposable {
  readonly links: HoldLink[] = [];
  readonly #scope = new AsyncDisposableStack();
  pod!: TestPod;
  workload = "";

  static async start(lab: Lab): Promise<HeldPod> {
    const held = new HeldPod();
    held.pod = held.#scope.use(await startPod(lab, { onInit: (connection) => void held.links.push(new HoldLink({ connection })) }));
    const directory = await mkdtemp(join(tmpdir(), "sbx-first-"));
    held.#scope.defer(() => rm(directory, { recursive: true }));
    const program = join(directory, "hold");
    await writeFile(program, await createImageMaker({ engine: lab.engine, env: process.env }).holdBinary(lab.gateImage));
    await chmod(directory, 0o755);
    await chmod(program, 0o755);
    held.workload = await start(lab, held.#scope, {
      name: `sbx-attack-held-${held.pod.sandbox.slice(4)}`,
      image: lab.baseImage,
      command: [HOLD, "init"],
      env: { SOME: "variable" },
      labels: { "dev.sbx.owner": `attacks-${process.pid}`, "dev.sbx.role": "probe" },
      user: USER,
      workdir: "/",
      mounts: [{ kind: "bind", source: program, target: HOLD, readonly: true }],
      network: { kind: "join", container: held.pod.gate },
      capabilities: [],
      readonlyRoot: false,
      seccomp: workloadSeccomp(),
      limits: { pids: 512 },
    });
    return held;
  }

  get link(): HoldLink {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error("its first process was not there");
    return link;
  }

  async run(command: readonly string[]): Promise<string> {
    const process = await this.link.start({ command, env: { ADDED: "too" }, user: USER, workdir: "/", stdin: false });
    if (process === undefined) throw new Error("it was not started");
    const [stdout, stderr] = await Promise.all([text(process.stdout), text(process.stderr), process.exit]);
    return stdout + stderr;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.links) link[Symbol.dispose]();
    await this.#scope.disposeAsync();
  }
}

describe("the first process of a workload", () => {
  const scope = new AsyncDisposableStack();
  let lab: Lab;
  let held: HeldPod;

  beforeAll(async () => {
    lab = await openLab();
    held = scope.use(await HeldPod.start(lab));
  });
  afterAll(() => scope.disposeAsync());

  const python = (script: string): Promise<unknown> => runPython(lab, held.workload, { script, user: USER });

  it("was let in, once, and nobody after it", async ({ expect }) => {
    await expect.poll(() => held.links.length).toBe(1);
    expect(await python(`${KNOCK}\nsay([attempt(lambda: knock(k)) for k in (5, 1, 2)])`)).toEqual(["ECONNREFUSED", "ECONNREFUSED", "ECONNREFUSED"]);
    expect(
      await python(`s = socket.socket(socket.AF_UNIX, 5); s.bind(b"\\0sbx-init"); s.listen(); s.settimeout(2); say(attempt(lambda: s.accept() and "somebody came"))`),
      "whoever takes the name gets nobody",
    ).toBe("timeout");
    expect(held.links).toHaveLength(1);
  });

  it("starts programs that may do what those of the engine may, and no more", async ({ expect }) => {
    const { stdout } = await lab.engine.run(held.workload, { command: ["/bin/sh", "-c", STANDING], env: { ADDED: "too" }, user: USER, workdir: "/" });
    expect(stdout).toContain("Seccomp:\t2");
    expect(await held.run(["/bin/sh", "-c", STANDING])).toBe(stdout);
  });

  it("keeps what it has to itself", async ({ expect }) => {
    expect(
      await python(`
names = ["/proc/1/fd", "/proc/1/fdinfo", "/proc/1/task/1/fd", "/proc/1/map_files"]
files = ["/proc/1/mem", "/proc/1/environ", "/proc/1/maps", "/proc/1/fd/3", "/proc/1/root/etc/passwd", "/proc/1/cwd/etc/passwd"]
say([attempt(lambda: os.listdir(n) and "seen") for n in names] + [attempt(lambda: open(f, "rb+" if "mem" in f else "rb").read(1) and "read") for f in files])`),
    ).toEqual(Array(10).fill(expect.stringMatching(/^E(ACCES|PERM)$/)));
    const [, open] = await Promise.all([held.run(["/bin/true"]), held.run(["/bin/sh", "-c", "ls -l /proc/self/fd | grep -c socket; ls /proc/self/fd"])]);
    expect(open.split("\n").slice(0, 4), "its programs have three streams and nothing of its own").toEqual(["0", "0", "1", "2"]);
  });

  it("cannot be stopped, killed or traced by what it starts", async ({ expect }) => {
    expect(await held.run(["/bin/sh", "-c", "kill -STOP 1; kill -KILL 1; kill -SEGV 1; kill -HUP 1; kill -USR1 1; echo tried"])).toContain("tried");
    const ptrace = process.arch === "arm64" ? 117 : 101;
    expect(await held.run(["perl", "-e", `print join " ", map { syscall(${ptrace}, $_, 1, 0, 0) } 16, 0x4206`]), "PTRACE_ATTACH, PTRACE_SEIZE").toBe("-1 -1");
    expect(await held.run(["echo", "still there"])).toBe("still there\n");
  });

  it("starts what is asked at the same moment, each with its own streams", async ({ expect }) => {
    const words = Array.from({ length: 100 }, (_, n) => `word ${n}`);
    expect(await Promise.all(words.map((word) => held.run(["echo", word])))).toEqual(words.map((word) => `${word}\n`));
    const before = await held.run(["/bin/sh", "-c", "ls /proc | grep -c '^[0-9]'"]);
    expect(Number(before), "and nothing of them is left").toBeLessThan(8);
  });

  it("has room for so many, and says so of more", async ({ expect }) => {
    const starts = await Promise.all(Array.from({ length: 300 }, () => held.link.start({ command: ["sleep", "60"], env: {}, user: USER, workdir: "/", stdin: false })));
    const started = starts.filter((one): one is ExecProcess => one !== undefined);
    expect(started).toHaveLength(256);
    await lab.engine.run(held.workload, { command: ["pkill", "sleep"], env: {}, user: USER, workdir: "/" });
    const codes = await Promise.all(started.map((one) => (one.stdout.resume(), one.stderr.resume(), one.exit)));
    expect(new Set(codes)).toEqual(new Set([143]));
  });

  it("leaves a program to the engine at once when the agent bounds what it may have open", async ({ expect }) => {
    const bound = async (room: number) => (await lab.engine.run(held.workload, { command: ["prlimit", "--pid", "1", `--nofile=${room}:`], env: {}, user: USER, workdir: "/" })).exitCode;
    const started: (ExecProcess | undefined)[] = [];
    for (const room of [3, 10]) {
      expect(await bound(room)).toBe(0);
      started.push(await held.link.start({ command: ["true"], env: {}, user: USER, workdir: "/", stdin: true }));
    }
    expect(await bound(1024)).toBe(0);
    expect(started).toEqual([undefined, undefined]);
    expect(await held.run(["echo", "again"]), "and whoever else was spoken with still is").toBe("again\n");
  });

  it("keeps a program running whose daemon dies, and lets the next daemon start others", async ({ expect }) => {
    const writes = "i=0; while [ $i -lt 40 ]; do head -c 10000 /dev/zero; i=$((i+1)); sleep 0.05; done; echo end > /tmp/survived";
    await held.link.start({ command: ["/bin/sh", "-c", writes], env: {}, user: USER, workdir: "/", stdin: false });
    held.link[Symbol.dispose]();
    const survived = async (): Promise<string> => (await lab.engine.run(held.workload, { command: ["cat", "/tmp/survived"], env: {}, user: USER, workdir: "/" })).stdout;
    await held.pod.restartDaemon(() => expect.poll(survived, { timeout: 30_000, interval: 500 }).toBe("end\n"));
    await expect.poll(() => held.links.length, { timeout: 10_000 }).toBe(2);
    expect(await held.run(["echo", "next"])).toBe("next\n");
  });
});

describe("a workload without our first process", () => {
  it("may be the one that is let in, and learns what its user may know", async ({ expect }) => {
    await using scope = new AsyncDisposableStack();
    const lab = await openLab();
    const links: HoldLink[] = [];
    const pod = scope.use(await startPod(lab, { onInit: (connection) => void links.push(new HoldLink({ connection })) }));
    await pod.background(`
s = socket.socket(socket.AF_UNIX, 5); s.connect(b"\\0sbx-init")
import array
while True:
    bytes, control, flags, _ = s.recvmsg(70000, 1000)
    if not bytes: break
    if bytes[5] != 1: continue
    fds = array.array("i"); fds.frombytes(control[0][2])
    kinds = [os.readlink("/proc/self/fd/%d" % fd).split(":")[0] for fd in fds]
    os.write(fds[0], text(kinds).encode()); [os.close(fd) for fd in fds]
    s.send(b"SBXH\\1\\1\\0\\0" + bytes[8:12] + struct.pack(">i", 0)); s.send(b"SBXH\\1\\3\\0\\0" + bytes[8:12] + struct.pack(">i", 0))`);
    await expect.poll(() => links.length, { timeout: 10_000 }).toBe(1);
    const started = await links[0]?.start({ command: ["true"], env: {}, user: USER, workdir: "/", stdin: false });
    expect(started === undefined ? undefined : await text(started.stdout), "pipes, and of those only the far ends").toBe('["pipe","pipe"]');
    expect(await pod.python(`${KNOCK}\nsay(attempt(lambda: knock(5)))`)).toBe("ECONNREFUSED");
    links[0]?.[Symbol.dispose]();
  });
});
