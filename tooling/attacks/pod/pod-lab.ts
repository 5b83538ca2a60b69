import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { SandboxId, type PodEventInit, type EventType } from "@sbx/contracts";
import { gateContainer, workloadSeccomp, type ContainerSpec, type Engine, type EngineId } from "@sbx/core";
import { createPodHost, podDirectory, type OpenPod, type Pod, type PodConnection, type PodHost } from "@sbx/egress-proxy";
import { connectEngine } from "@sbx/engine-docker";
import { createImageMaker } from "@sbx/images";

const LABELS = { "dev.sbx.owner": `attacks-${process.pid}`, "dev.sbx.role": "probe" };

/** Engine and images for attacks; made once per file. */
export interface Lab {
  readonly engine: Engine;
  readonly gateImage: EngineId;
  readonly baseImage: EngineId;
}

export async function openLab(): Promise<Lab> {
  const engine = await connectEngine({ environment: process.env, home: homedir(), labels: LABELS, directory: `/tmp/sbx-attacks-engine-${process.pid}` });
  const images = createImageMaker({ engine, env: process.env });
  const { signal } = new AbortController();
  return { engine, baseImage: await images.base(() => undefined, signal), gateImage: await images.gate(() => undefined, signal) };
}

/** What reached the daemon, as it would be decided on. */
export type Served = Pick<PodConnection, "to" | "port" | "refuseOnly">;

/** A pod of the real kind with an attacker in it, and everything that the daemon saw. */
export interface TestPod extends AsyncDisposable {
  readonly sandbox: SandboxId;
  readonly directory: string;
  readonly gate: EngineId;
  readonly workload: EngineId;
  readonly served: Served[];
  readonly events: PodEventInit[];
  /** The daemon's side; another one after {@link restartDaemon}. */
  pod: Pod;
  /** Run Python in the workload; gives what it printed, as JSON if it is that. Throws when it fails. */
  python(script: string, options?: { readonly user?: string; readonly workload?: EngineId }): Promise<unknown>;
  /** Start Python and leave it running. */
  background(script: string): Promise<void>;
  happened(type: EventType): number;
  /** The daemon dies and comes back. Between the two `meanwhile` runs. */
  restartDaemon(meanwhile?: () => Promise<void>): Promise<void>;
}

export interface TestPodOptions extends Partial<Omit<OpenPod, "directory" | "pod">> {
  readonly host?: PodHost;
}

/** Names that the test pods' rules may allow. */
export function mayAllow(name: string): boolean {
  return name === "allowed.test" || name.endsWith(".allowed.test");
}

export function aSandboxId(): SandboxId {
  return SandboxId.parse(`sbx_${Array.from({ length: 8 }, () => randomInt(36).toString(36)).join("")}`);
}

export async function startPod(lab: Lab, options: TestPodOptions = {}): Promise<TestPod> {
  await using scope = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "sbx-attack-"));
  scope.defer(() => rm(directory, { recursive: true, force: true }));
  const served: Served[] = [];
  const events: PodEventInit[] = [];
  const sandbox = aSandboxId();
  const { host: given, ...rest } = options;
  const open = (host: PodHost, resume: boolean) => host.open({ pod: sandbox, directory, hostname: "box", mayAllow, serve: serveInto(served), ...rest, resume });
  const newHost = () => createPodHost({ record: (event) => void events.push(event) });
  const pod = await open(given ?? newHost(), false);
  const name = `sbx-attack-${sandbox.slice(4)}`;
  const gate = await start(lab, scope, gateContainer({ name: `${name}-gate`, image: lab.gateImage, labels: LABELS, hostname: "box", socketDirectory: podDirectory(directory).gate }));
  await pod.ready(AbortSignal.timeout(10_000));
  const workload = await start(lab, scope, workloadSpec(lab, name, gate));
  const test: Omit<TestPod, typeof Symbol.asyncDispose> = {
    sandbox,
    directory,
    gate,
    workload,
    served,
    events,
    pod,
    python: (script, { user = "1000:1000", workload: where = workload } = {}) => runPython(lab, where, { script, user }),
    async background(script) {
      const process = await lab.engine.exec(workload, { command: ["python3", "-c", `${PRELUDE}\n${script}`], env: {}, user: "1000:1000", workdir: "/", tty: false, stdin: false });
      for (const stream of [process.stdout, process.stderr]) stream.resume();
    },
    happened: (type) => events.filter((event) => event.type === type).length,
    async restartDaemon(meanwhile = async () => undefined) {
      await test.pod[Symbol.asyncDispose]();
      await meanwhile();
      test.pod = await open(newHost(), true);
    },
  };
  scope.defer(() => test.pod[Symbol.asyncDispose]());
  const owned = scope.move();
  return Object.assign(test, { [Symbol.asyncDispose]: () => owned.disposeAsync() });
}

/** A container that joins a gate as the agent's does: no capability, the workload's own seccomp profile. */
function workloadSpec({ baseImage }: Lab, name: string, gate: EngineId): ContainerSpec {
  return {
    name,
    image: baseImage,
    command: ["sleep", "3600"],
    env: {},
    labels: LABELS,
    user: "1000:1000",
    workdir: "/",
    mounts: [],
    network: { kind: "join", container: gate },
    capabilities: [],
    readonlyRoot: false,
    seccomp: workloadSeccomp(),
    limits: { pids: 512 },
  };
}

/** A container with no network of anybody's, for gates that are none. */
export function impostorSpec({ baseImage }: Lab, name: string, socketDirectory: string): ContainerSpec {
  return {
    name,
    image: baseImage,
    command: ["sleep", "3600"],
    env: {},
    labels: LABELS,
    user: "0:0",
    workdir: "/",
    mounts: [{ kind: "bind", source: socketDirectory, target: "/run/gate", readonly: true }],
    network: { kind: "none", hostname: "impostor", sysctls: { "net.ipv4.ip_unprivileged_port_start": "0" }, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] },
    capabilities: ["NET_ADMIN"],
    readonlyRoot: false,
    seccomp: "default",
    limits: { pids: 64 },
  };
}

/** Create and start; removed with `scope`. */
export async function start({ engine }: Lab, scope: AsyncDisposableStack, spec: ContainerSpec): Promise<EngineId> {
  const id = await engine.create(spec);
  scope.defer(() => engine.remove(id));
  await engine.start(id);
  return id;
}

export async function runPython({ engine }: Lab, container: EngineId, { script, user }: { readonly script: string; readonly user: string }): Promise<unknown> {
  const { exitCode, stdout, stderr } = await engine.run(container, { command: ["timeout", "60", "python3", "-c", `${PRELUDE}\n${script}`], env: {}, user, workdir: "/" });
  if (exitCode !== 0) throw new Error(`the attack itself failed with ${exitCode}: ${stderr}`);
  try {
    const value: unknown = JSON.parse(stdout);
    return value;
  } catch {
    return stdout.trim();
  }
}

/** Says what was dialled, then waits for the end. */
function serveInto(served: Served[]): OpenPod["serve"] {
  return async ({ socket, to, port, refuseOnly, decided }) => {
    served.push({ to, port, ...(refuseOnly === undefined ? {} : { refuseOnly }) });
    decided?.();
    socket.resume();
    socket.end(`served ${to.kind === "name" ? to.name : to.address}:${port}\n`);
    await new Promise((resolve) => socket.once("close", resolve));
  };
}

/** What every attack may use: try things, and tell in a word what came of it. */
export const PRELUDE = `
import errno, os, socket, struct, sys, threading, time
def text(v):
    if v is None: return "null"
    if isinstance(v, (bool, int)): return str(v).lower()
    if isinstance(v, (list, tuple)): return "[" + ",".join(map(text, v)) + "]"
    if isinstance(v, dict): return "{" + ",".join(text(k) + ":" + text(x) for k, x in v.items()) + "}"
    return '"' + "".join(c if " " <= c < "\\x7f" and c not in '"\\\\' else "\\\\u%04x" % ord(c) for c in str(v)) + '"'
def say(value): print(text(value))
def attempt(call):
    try: return call()
    except socket.timeout: return "timeout"
    except OSError as e: return errno.errorcode.get(e.errno, str(e))
def tcp(host, port, timeout=4, source=None, family=socket.AF_INET, data=b""):
    def call():
        with socket.socket(family, socket.SOCK_STREAM) as s:
            s.settimeout(timeout)
            if source: s.bind(source)
            s.connect((host, port))
            if data: s.sendall(data)
            return s.recv(200).decode(errors="replace").strip()
    return attempt(call)
def udp(host, port, data=b"x", timeout=1, family=socket.AF_INET):
    def call():
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.settimeout(timeout); s.connect((host, port)); s.send(data)
            return s.recv(2000).hex()
    return attempt(call)
def question(name, type=1, ident=7, flags=0x0100):
    labels = b"".join(bytes([len(l)]) + l for l in name.encode("latin1").split(b".") if l)
    return struct.pack(">HHHHHH", ident, flags, 1, 0, 0, 0) + labels + b"\\0" + struct.pack(">HH", type, 1)
def ask(message, timeout=3, server="127.0.0.53"):
    def call():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(timeout); s.sendto(message, (server, 53)); return s.recv(2000)
    return attempt(call)
def answer(message, timeout=3):
    reply = ask(message, timeout)
    if isinstance(reply, str): return reply
    flags, questions, answers = struct.unpack(">HHH", reply[2:8])
    address = ".".join(map(str, reply[-4:])) if answers else None
    return {"code": flags & 15, "answers": answers, "address": address, "ttl": struct.unpack(">I", reply[-10:-6])[0] if answers else None}
def resolve(name): return answer(question(name))["address"]
`;
