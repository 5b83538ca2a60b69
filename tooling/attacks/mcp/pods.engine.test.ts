import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { AppError, type SandboxId } from "@sbx/contracts";
import { reapServers, ServerPods, type ServerLaunch } from "@sbx/core";
import { Secret } from "@sbx/secret-injector";
import { afterAll, afterEach, beforeAll, describe, it } from "vitest";
import { startWitness, type Witness } from "../pod/witness.ts";
import { ServerLab, type Equipment } from "./server-lab.ts";

let equipment: Equipment;
let lab: ServerLab;

beforeAll(async () => {
  equipment = await ServerLab.equip();
  lab = await ServerLab.make(equipment);
});
afterAll(() => lab[Symbol.asyncDispose]());
afterEach(async ({ expect }) => {
  expect(lab.faults).toEqual([]);
  expect(await lab.containers()).toEqual([]);
});

async function problemOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: unknown) => (AppError.is(error) ? error.code : String(error)),
  );
}

describe("a server's pod", () => {
  it("speaks by three streams, gives its exit code, and leaves nothing", async ({ expect }) => {
    await using server = await lab.pods.start(
      lab.launch({ command: ["python3", "-uc", "import sys\nfor l in sys.stdin: print('got', l.strip()); print('log', file=sys.stderr)\nsys.exit(7)"] }),
      AbortSignal.timeout(60_000),
    );
    server.stdin.write("one\ntwo\n");
    server.stdin.end();
    expect(await Promise.all([text(server.stdout), text(server.stderr), server.exit])).toEqual(["got one\ngot two\n", "log\nlog\n", 7]);
  });

  it("has no capability, an id that owns nothing, a read-only root, memory for its home and /tmp, and its own name only", async ({ expect }) => {
    const found = await lab.python(`
caps = [l.split()[1] for l in open("/proc/self/status") if l.startswith(("CapEff", "CapBnd", "CapPrm"))]
def touch(path): return attempt(lambda: open(path, "w").close() or "written")
import pwd
say({"caps": caps, "uid": os.getuid() in range(60706, 61184), "gid": os.getgid() == os.getuid(), "groups": os.getgroups() in ([], [os.getgid()]),
     "name": pwd.getpwuid(os.getuid()).pw_name, "home": os.environ["HOME"],
     "root": [touch(p) for p in ("/x", "/etc/x", "/usr/x", "/.sbx/hold", "/etc/hosts", "/etc/passwd")],
     "memory": [touch(p) for p in ("/tmp/x", os.environ["HOME"] + "/x")],
     "mine": sum(1 for d, _, fs in os.walk("/usr") for f in fs if os.lstat(os.path.join(d, f)).st_uid == os.getuid()),
     "newprivs": [l.split()[1] for l in open("/proc/self/status") if l.startswith("NoNewPrivs")],
     "interfaces": os.listdir("/sys/class/net")})`);
    expect(found).toEqual({
      caps: Array(3).fill("0000000000000000"),
      uid: true,
      gid: true,
      groups: true,
      name: "mcp",
      home: "/home/mcp",
      root: ["EROFS", "EROFS", "EROFS", "EROFS", "EROFS", "EROFS"],
      memory: ["written", "written"],
      mine: 0,
      newprivs: ["1"],
      interfaces: ["lo"],
    });
  });

  it("is told whom this machine trusts, cannot change it, and may be told otherwise by its entry", async ({ expect }) => {
    const script = `say([os.environ["SSL_CERT_FILE"], os.environ["PIP_CERT"], open("/.sbx/ca.pem").read(), attempt(lambda: open("/.sbx/ca.pem", "w"))])`;
    expect(await lab.python(script, { authorities: "the authorities\n", env: { PIP_CERT: "/own" } })).toEqual(["/.sbx/ca.pem", "/own", "the authorities\n", "EROFS"]);
  });

  it("cannot make a file setuid, nor a user or network namespace, nor trace or mount", async ({ expect }) => {
    const tries = [
      "cp /bin/true /tmp/f && chmod 4755 /tmp/f",
      "cp /bin/true /tmp/g && chmod 2755 /tmp/g",
      "unshare -U true",
      "unshare -n true",
      "mount -t tmpfs none /tmp",
      "chroot / true",
      "mknod /tmp/d c 1 3",
    ];
    const { out } = await lab.run({ command: ["sh", "-c", tries.map((line) => `(${line}) 2>/dev/null && echo done || echo refused`).join("; ")] });
    expect(out.trim().split("\n")).toEqual(tries.map(() => "refused"));
  });

  it("gives its secrets to the program, and to nobody who asks the engine, lists processes or reads the state", async ({ expect }) => {
    const value = `hunter2-${"x".repeat(20)}`;
    await using server = await lab.pods.start(
      lab.launch({
        command: ["python3", "-uc", "import os, sys\nsys.stdout.write(str(os.environ['TOKEN'] == sys.stdin.readline().strip()))\nsys.stdin.read()"],
        env: { SETTING: "kept-private" },
        secrets: { TOKEN: new Secret(value) },
      }),
      AbortSignal.timeout(60_000),
    );
    server.stdin.write(`${value}\n`);
    const [said] = (await once(server.stdout, "data")) as [Buffer];
    expect(said.toString()).toMatch(/^True/);
    const [workload] = await lab.engine.list([`dev.sbx.owner=${lab.owner}`, "dev.sbx.role=server"]);
    const inspected = await lab.ask(`/containers/${workload?.id}/json`);
    const { ExecIDs: execs } = JSON.parse(inspected) as { readonly ExecIDs: readonly string[] | null };
    const now = Math.floor(Date.now() / 1000);
    const told = await lab.ask(`/events?since=${now - 60}&until=${now - 1}`);
    const listed = await lab.ask("/containers/json?all=1");
    const logged = await lab.ask(`/containers/${workload?.id}/logs?stdout=1&stderr=1`);
    const shown = await Promise.all((execs ?? []).map((exec) => lab.ask(`/exec/${exec}/json`)));
    const { stdout: processes } = await promisify(execFile)("ps", ["axww", "-o", "args"]);
    // Its own first process starts it: the engine is told nothing of the program. An engine that has to is told no secret.
    expect(shown).toEqual([]);
    for (const place of [inspected, ...shown, told, listed, logged, processes, JSON.stringify(lab.events)]) for (const kept of [value, "kept-private"]) expect(place).not.toContain(kept);
    await expect(promisify(execFile)("grep", ["-rlF", value, path.join(lab.root, "state")])).rejects.toMatchObject({ code: 1 });
    server.stdin.end();
    expect(await server.exit).toBe(0);
  });

  it("whose program is not there fails as a server that could not be started, or ends at once", async ({ expect }) => {
    const outcome = await lab.run({ command: ["/no/such/program"] }).then(
      ({ exitCode }) => exitCode,
      (error: unknown) => (AppError.is(error) ? error.code : String(error)),
    );
    expect([126, 127, "SERVER_FAILED"]).toContain(outcome);
  });

  it("goes when its program ends, with what the program left running", async ({ expect }) => {
    const { exitCode } = await lab.run({ command: ["sh", "-c", "sleep 1000 >/dev/null 2>&1 </dev/null & exit 3"] });
    expect(exitCode).toBe(3);
    await expect.poll(() => lab.containers(), { timeout: 10_000 }).toEqual([]);
  });

  it("ends with 137 when its container is taken away under it", async ({ expect }) => {
    await using server = await lab.pods.start(lab.launch({ command: ["sh", "-c", "echo up; sleep 1000"] }), AbortSignal.timeout(60_000));
    // One that has not come up yet was never killed: the engine says 126 of it.
    await once(server.stdout, "data");
    server.stdout.resume();
    for (const { id } of await lab.engine.list([`dev.sbx.owner=${lab.owner}`, "dev.sbx.role=server"])) await lab.engine.remove(id);
    expect(await server.exit).toBe(137);
    await expect.poll(() => lab.containers(), { timeout: 10_000 }).toEqual([]);
  });

  it("is told to end before it is made to, and does not outlive its owner when it does not listen", async ({ expect }) => {
    const polite = await lab.pods.start(lab.launch({ command: ["sh", "-c", "trap 'echo bye; exit 0' TERM; echo up; sleep 1000 & wait; sleep 1000"] }), AbortSignal.timeout(60_000));
    const said = text(polite.stdout);
    await polite[Symbol.asyncDispose]();
    expect(await said).toBe("up\nbye\n");
    const deaf = await lab.pods.start(lab.launch({ command: ["sh", "-c", "trap '' TERM INT HUP; while :; do sleep 1; done"] }), AbortSignal.timeout(60_000));
    const began = Date.now();
    await deaf[Symbol.asyncDispose]();
    expect(Date.now() - began).toBeLessThan(15_000);
  });

  it("whose start is given up leaves nothing, whenever that happens", async ({ expect }) => {
    for (const ms of [0, 20, 100, 250, 500, 900]) {
      expect(["none", "TimeoutError: The operation was aborted due to timeout"]).toContain(
        await problemOf(lab.pods.start(lab.launch({ server: "slow" }), AbortSignal.timeout(ms)).then((server) => server[Symbol.asyncDispose]())),
      );
      expect(await lab.containers()).toEqual([]);
      expect(await readdir(path.join(lab.root, "state", "pods")).catch(() => [])).toEqual([]);
    }
  });

  it("is ended with its sandbox, also while it starts, and another sandbox's goes on", async ({ expect }) => {
    const [mine, other] = [await lab.sandbox(), await lab.sandbox()];
    await using neighbour = await lab.pods.start(lab.launch({ sandbox: other }), AbortSignal.timeout(60_000));
    const up = await lab.pods.start(lab.launch({ sandbox: mine }), AbortSignal.timeout(60_000));
    up.stdout.resume();
    const starting = problemOf(lab.pods.start(lab.launch({ sandbox: mine, server: "late" }), AbortSignal.timeout(60_000)));
    await lab.pods.stopOf(mine);
    expect(await starting).toBe("INTERRUPTED");
    await up.exit;
    expect(await lab.containers()).toEqual(["server", "server-gate"]);
    neighbour.stdin.end("still here\n");
    expect(await text(neighbour.stdout)).toBe("still here\n");
  });
});

describe("a server that wants out", () => {
  const scope = new AsyncDisposableStack();
  let witness: Witness;
  beforeAll(async () => {
    witness = scope.use(await startWitness());
  });
  afterAll(() => scope.disposeAsync());
  afterEach(({ expect }) => {
    expect(witness.seen(), "something reached the host").toBe(0);
  });

  it("reaches nothing that its entry does not name: host, metadata, private networks, other names", async ({ expect }) => {
    const outside = witness.addresses.filter((address) => !address.startsWith("127."));
    const replies = await lab.python(
      `say([tcp(a, p) for a, p in ${JSON.stringify([...outside.map((address) => [address, witness.port]), ["169.254.169.254", 80], ["169.254.170.2", 80], ["100.100.100.200", 80], ["10.0.0.1", 443], ["evil.test", 443], ["allowed-for-the-agent.test", 443]])}])`,
      { sandbox: await lab.sandbox() },
    );
    for (const reply of replies as readonly string[]) expect(reply).toMatch(/^(ECONNRESET|ECONNREFUSED|HTTP\/1\.1 403|HTTP\/1\.1 408|timeout)/);
  });

  it("finds none of sbx's own services, by name or by the made-up addresses", async ({ expect }) => {
    const replies = await lab.python(
      `say([tcp(h, p, data=b"GET / HTTP/1.1\\r\\nHost: " + h.encode() + b"\\r\\n\\r\\n")[:12] for h, p in [("mcp.sbx.internal", 80), ("mcp.sbx.internal", 8811), ("host.docker.internal", 8811), ("model.sbx.internal", 80), ("policy.sbx.internal", 80), ("host.docker.internal", ${witness.port})]])`,
      { sandbox: await lab.sandbox(), rules: [{ id: "entry:1", effect: "allow", to: "**", layer: "profile" }] },
    );
    expect(replies).toEqual(["HTTP/1.1 403", "ECONNREFUSED", "ECONNREFUSED", "HTTP/1.1 403", "HTTP/1.1 403", "ECONNREFUSED"]);
  });

  it("reaches no other server, nor a listener of another pod, and is told of no neighbour", async ({ expect }) => {
    const owner = await lab.sandbox();
    await using other = await lab.pods.start(
      lab.launch({
        sandbox: owner,
        server: "listener",
        command: [
          "python3",
          "-uc",
          "import socket, sys\ns=socket.socket(); s.bind(('0.0.0.0',9100)); s.listen()\nu=socket.socket(socket.AF_UNIX); u.bind('\\0sbx-attack'); u.listen()\nsys.stdout.write('up')\nc,_=s.accept(); sys.stdout.write('HIT')",
        ],
      }),
      AbortSignal.timeout(60_000),
    );
    await new Promise((resolve) => other.stdout.once("data", resolve));
    let hits = "";
    other.stdout.on("data", (chunk: Buffer) => (hits += chunk.toString()));
    const seen = await lab.python(
      `
def abstract():
    with socket.socket(socket.AF_UNIX) as s: s.connect("\\0sbx-attack"); return "reached"
say({"tcp": [tcp(a, 9100) for a in ("127.0.0.1", "localhost", "server", "listener", "172.17.0.1", "172.17.0.2")], "abstract": attempt(abstract), "processes": len([p for p in os.listdir("/proc") if p.isdigit()]) < 6, "sockets": [l.split()[-1] for l in open("/proc/net/unix") if "attack" in l]})`,
      { sandbox: owner },
    );
    expect(seen).toMatchObject({ abstract: "ECONNREFUSED", processes: true, sockets: [] });
    for (const reply of (seen as { readonly tcp: readonly string[] }).tcp) expect(reply).toMatch(/^(ECONNREFUSED|ECONNRESET)/);
    expect(hits).toBe("");
    other.stdout.resume();
  });

  it("is refused with the command that allows it for this server, in the record of its sandbox", async ({ expect }) => {
    const owner = await lab.sandbox();
    lab.events.length = 0;
    await lab.python(`tcp("named.test", 5432); say(tcp("1.2.3.4", 5432))`, { sandbox: owner, server: "search", rules: [{ id: "entry:1", effect: "allow", to: "named.test:443", layer: "profile" }] });
    const denied = lab.events.filter(({ type }) => type === "egress.denied");
    expect(denied.map(({ sandbox, fields }) => [sandbox, fields["server"], fields["fix"]])).toEqual([
      [owner, "search", "sbx policy allow named.test:5432 --server search"],
      [owner, "search", "sbx policy allow 1.2.3.4:5432 --server search"],
    ]);
  });
});

describe("a server that takes all it can", () => {
  const bombs: readonly (readonly [string, Partial<ServerLaunch>])[] = [
    ["processes", { command: ["python3", "-c", "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass"] }],
    ["memory", { command: ["python3", "-c", "a=[]\nwhile True: a.append(bytearray(1<<20))"] }],
    ["memory as files", { command: ["sh", "-c", "while :; do cat /dev/zero > /tmp/z; cat /dev/zero > ~/z; done"] }],
    ["output that nobody reads", { command: ["sh", "-c", "yes & yes >&2"] }],
    [
      "open connections",
      { command: ["python3", "-c", "import socket,time\nk=[]\nwhile True:\n  try:\n    s=socket.socket(); s.settimeout(1); s.connect(('9.9.9.9',443)); k.append(s)\n  except OSError: pass"] },
    ],
    ["questions for names", { command: ["python3", "-c", "import socket\nn=0\nwhile True:\n  n+=1\n  try: socket.getaddrinfo(f'n{n}.evil.test',443)\n  except OSError: pass"] }],
  ];

  it.for(bombs)("of %s does not keep another from answering, and is ended when it is told", async ([, bomb], { expect }) => {
    await using victim = await lab.pods.start(lab.launch({ server: "victim" }), AbortSignal.timeout(60_000));
    const bomber = await lab.pods.start(lab.launch({ server: "bomber", ...bomb }), AbortSignal.timeout(60_000));
    for (let round = 0; round < 5; round += 1) {
      const began = Date.now();
      const answered = new Promise<string>((resolve) => victim.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString())));
      victim.stdin.write(`round ${round}\n`);
      expect(await answered).toBe(`round ${round}\n`);
      expect(Date.now() - began).toBeLessThan(5000);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const began = Date.now();
    await bomber[Symbol.asyncDispose]();
    expect(Date.now() - began).toBeLessThan(20_000);
    lab.events.length = 0;
  });

  it("of servers is held at a number, and room comes back", async ({ expect }) => {
    const small = new ServerPods({ ...lab.parts, engine: () => Promise.reject(new AppError("ENGINE_UNREACHABLE", { message: "none", fix: "none" })) });
    const codes = await Promise.all(Array.from({ length: 40 }, () => problemOf(small.start(lab.launch(), AbortSignal.timeout(60_000)))));
    expect(codes.filter((code) => code === "SERVER_FAILED")).toHaveLength(8);
    expect(await problemOf(small.start(lab.launch(), AbortSignal.timeout(60_000)))).toBe("ENGINE_UNREACHABLE");
  });
});

describe("what a server sees of the workspace", () => {
  let owner: SandboxId;
  const part = (more: Partial<Extract<ServerLaunch["volumes"][number], { kind: "part" }>> = {}): ServerLaunch["volumes"] => [
    { kind: "part", path: path.join(lab.workspaceOf(owner), "src"), target: "/data", readonly: true, ...more },
  ];
  beforeAll(async () => {
    owner = await lab.sandbox();
    await writeFile(path.join(lab.root, "home", "key"), "THE-PRIVATE-KEY");
  });

  it("is the named part alone, read-only", async ({ expect }) => {
    const found = await lab.python(
      `say([os.listdir("/data"), open("/data/a.txt").read(), attempt(lambda: open("/data/a.txt", "w")), attempt(lambda: open("/data/new", "w")), os.path.exists("${lab.workspaceOf(owner)}")])`,
      {
        sandbox: owner,
        volumes: part(),
      },
    );
    expect(found).toEqual([["a.txt"], "from the workspace\n", "EROFS", "EROFS", false]);
  });

  it("can be written where that was opened, as the workspace's owner, and without setuid bits", async ({ expect }) => {
    await lab.python(`open("/data/new.txt", "w").write("by the server"); say([attempt(lambda: os.chmod("/data/new.txt", 0o4755))])`, { sandbox: owner, volumes: part({ readonly: false }) });
    const file = path.join(lab.workspaceOf(owner), "src", "new.txt");
    expect(await readFile(file, "utf8")).toBe("by the server");
    const { stdout } = await promisify(execFile)("stat", ["-c", "%u %a", file]);
    expect(stdout.trim()).toBe(`${process.geteuid?.() ?? 0} 644`);
    await rm(file);
  });

  it("never is another place: a link, a swap while the pod starts, or a way up", async ({ expect }) => {
    const workspace = lab.workspaceOf(owner);
    await symlink(path.join(lab.root, "home"), path.join(workspace, "link"));
    expect(await problemOf(lab.run({ sandbox: owner, volumes: part({ path: path.join(workspace, "link") }) }))).toBe("WORKSPACE_UNSAFE");
    expect(await problemOf(lab.run({ sandbox: owner, volumes: part({ path: `${workspace}/src/../../` }) }))).toBe("WORKSPACE_INVALID");
    expect(await problemOf(lab.run({ sandbox: owner, volumes: part({ path: path.join(lab.root, "home") }) }))).toBe("WORKSPACE_INVALID");
    expect(await problemOf(lab.run({ sandbox: undefined, volumes: part() }))).toBe("WORKSPACE_INVALID");
    await mkdir(path.join(workspace, "swap"));
    await writeFile(path.join(workspace, "swap", "mine"), "");
    const enough = new AbortController();
    const swapper = (async () => {
      while (!enough.signal.aborted) {
        await rename(path.join(workspace, "swap"), path.join(workspace, "aside"));
        await symlink(path.join(lab.root, "home"), path.join(workspace, "swap"));
        await new Promise((resolve) => setTimeout(resolve, 15));
        await rm(path.join(workspace, "swap"));
        await rename(path.join(workspace, "aside"), path.join(workspace, "swap"));
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    })();
    const outcomes: string[] = [];
    for (let round = 0; round < 8; round += 1) {
      outcomes.push(
        await lab.python(`say(os.listdir("/data"))`, { sandbox: owner, volumes: part({ path: path.join(workspace, "swap") }) }).then(
          (seen) => JSON.stringify(seen),
          (error: unknown) => (AppError.is(error) ? error.code : String(error)),
        ),
      );
    }
    enough.abort();
    await swapper;
    for (const outcome of outcomes) expect(['["mine"]', "WORKSPACE_UNSAFE", "WORKSPACE_INVALID", "ENGINE_FAILED"]).toContain(outcome);
    await rm(path.join(workspace, "swap"), { recursive: true });
    await rm(path.join(workspace, "link"));
  });

  it("is not where something of ours is", async ({ expect }) => {
    for (const target of ["/", "/.sbx", "/.sbx/hold", "/proc", "/proc/self", "/sys", "/dev", "/etc", "/etc/passwd", "/etc/hosts", "data", "/data/../.sbx", "/a//b", "/a\nb"])
      expect([target, await problemOf(lab.run({ sandbox: owner, volumes: part({ target }) }))]).toEqual([target, "CATALOG_INVALID"]);
  });

  it("leaves no mount behind", async ({ expect }) => {
    expect(await readFile("/proc/self/mountinfo", "utf8")).not.toContain(lab.root);
  });
});

describe("volumes of a server", () => {
  const data = (name = "store"): ServerLaunch["volumes"] => [{ kind: "data", name, target: "/store", readonly: false }];

  it("keep what it wrote for itself in the same sandbox, and for nobody else, and go with the sandbox", async ({ expect }) => {
    const [one, two] = [await lab.sandbox(), await lab.sandbox()];
    await lab.python(`open("/store/x", "w").write("kept"); say(1)`, { sandbox: one, server: "memory", volumes: data() });
    const look = (sandbox: SandboxId, server: string): Promise<unknown> => lab.python(`say(os.listdir("/store"))`, { sandbox, server, volumes: data() });
    expect([await look(one, "memory"), await look(two, "memory"), await look(one, "other")]).toEqual([["x"], [], []]);
    await lab.pods.removeOf(one);
    expect([await look(one, "memory")]).toEqual([[]]);
    await lab.pods.removeOf(one);
    await lab.pods.removeOf(two);
    expect(await lab.engine.listVolumes([`dev.sbx.owner=${lab.owner}`])).toEqual([]);
  });
});

describe("after a crash of the daemon", () => {
  it("every pod of a server is taken away, and volumes of sandboxes that are gone, but not what others own", async ({ expect }) => {
    const [kept, gone] = [await lab.sandbox(), await lab.sandbox()];
    const volumes: ServerLaunch["volumes"] = [{ kind: "data", name: "store", target: "/store", readonly: false }];
    await lab.pods.start(lab.launch({ sandbox: kept, volumes }), AbortSignal.timeout(60_000));
    await lab.pods.start(lab.launch({ sandbox: gone, volumes }), AbortSignal.timeout(60_000));
    await using foreign = await ServerLab.make(equipment);
    await using theirs = await foreign.pods.start(foreign.launch(), AbortSignal.timeout(60_000));
    expect(await lab.containers()).toEqual(["server", "server", "server-gate", "server-gate"]);
    await reapServers(lab.parts, new Set([kept]));
    expect(await lab.containers()).toEqual([]);
    expect((await lab.engine.listVolumes([`dev.sbx.owner=${lab.owner}`])).map(({ labels }) => labels["dev.sbx.serves"])).toEqual([kept]);
    expect(await readdir(path.join(lab.root, "state", "pods")).catch(() => [])).toEqual([]);
    theirs.stdin.end("alive\n");
    expect(await text(theirs.stdout)).toBe("alive\n");
    await lab.pods.removeOf(kept);
  });
});
