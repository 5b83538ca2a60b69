import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, chmodSync, closeSync, constants, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { connect, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** An engine that a test starts for itself, beside the machine's own: as it is, with its ids remapped, or Podman. */
export type EngineKind = "docker" | "docker-remapped" | "podman";

const PROGRAM: Readonly<Record<EngineKind, string>> = { docker: "dockerd", "docker-remapped": "dockerd", podman: "podman" };
/** The first of the host's ids that containers of a remapped engine have. */
export const REMAPPED_FROM = 500_000;
/** Whose ids they are: an account that every Debian has, in tables that only this engine sees. */
const REMAPPED = { user: "nobody", group: "nogroup" } as const;
const START_MS = 60_000;
/**
 * A dockerd without a bridge takes away the one that is there, which is the machine's own engine's: it gets a network
 * namespace of its own, with a loopback.
 */
const LOOPBACK = "ip link set lo up";

/** Why an engine of this kind cannot be started here; `undefined` when it can. */
export function whyNoEngine(kind: EngineKind): string | undefined {
  if (process.geteuid?.() !== 0) return "only root can start another container engine";
  const program = PROGRAM[kind];
  return isInstalled(program) ? undefined : `${program} is not installed`;
}

function isInstalled(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface OwnEngineOptions {
  /** Further words of its command line. */
  readonly words?: readonly string[];
  /**
   * Directories of this machine whose files it sees and whose sockets it cannot connect to, as an engine in a virtual machine
   * that shares files: in its own mount namespace they are the same files of another file system.
   */
  readonly withoutSockets?: readonly string[];
  /** Directories of this machine that are empty where it is, as on another machine. */
  readonly withoutFiles?: readonly string[];
  /** Makes the directory of its data before it starts for the first time. */
  readonly fill?: (data: string) => void;
}

/** An engine with storage, state and socket of its own. Disposing stops it and removes all that it had. */
export class OwnEngine implements AsyncDisposable {
  readonly kind: EngineKind;
  readonly #root = mkdtempSync("/tmp/sbxe-");
  readonly socket = join(this.#root, "sock");
  /** Value of DOCKER_HOST. */
  readonly host = `unix://${this.socket}`;
  /** Directory of its data. Of a running engine it is a mount of its own. */
  readonly data = join(this.#root, "data");
  readonly #words: readonly string[];
  /** Commands of the shell that make its own view of the machine's files. */
  readonly #view: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(kind: EngineKind, { words = [], withoutSockets = [], withoutFiles = [] }: OwnEngineOptions) {
    this.kind = kind;
    this.#words = words;
    const empty = join(this.#root, "empty");
    mkdirSync(empty);
    this.#view = [...withoutSockets.map((place) => `mount -t overlay overlay -o 'lowerdir=${place}:${empty}' '${place}'`), ...withoutFiles.map((place) => `mount -t tmpfs tmpfs '${place}'`)];
    // A remapped engine's root is somebody else, who has to get to what is below.
    chmodSync(this.#root, 0o711);
  }

  static async start(kind: EngineKind, options: OwnEngineOptions = {}): Promise<OwnEngine> {
    const engine = new OwnEngine(kind, options);
    try {
      options.fill?.(engine.data);
      await engine.start();
      return engine;
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  get pid(): number {
    if (this.#process?.pid === undefined) throw new Error("the engine does not run");
    return this.#process.pid;
  }

  /** Words before a command that is to see the engine's mounts, and the engine its. */
  enter(cwd: string): readonly string[] {
    return this.kind === "docker-remapped" ? ["nsenter", `--target=${this.pid}`, "--mount", `--wd=${cwd}`, "--"] : [];
  }

  /** Serve `port` of the engine's own loopback by what listens at a port of this machine's; until disposed of. */
  async relay(port: number, { to }: { readonly to: number }): Promise<AsyncDisposable> {
    const socket = join(this.#root, `relay-${port}`);
    const outer = createServer((inner) => {
      const onward = connect(to, "127.0.0.1");
      inner.on("error", () => onward.destroy());
      onward.on("error", () => inner.destroy());
      inner.pipe(onward).pipe(inner);
    }).listen(socket);
    await once(outer, "listening");
    const script = `require("node:net").createServer((one) => { const other = require("node:net").connect(${JSON.stringify(socket)}); one.on("error", () => other.destroy()); other.on("error", () => one.destroy()); one.pipe(other).pipe(one); }).listen(${port}, "127.0.0.1", () => console.log("ready"));`;
    const child = spawn("nsenter", [`--target=${this.pid}`, "--net", "--", process.execPath, "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    return {
      [Symbol.asyncDispose]: async () => {
        const ended = once(child, "exit");
        child.kill("SIGKILL");
        await ended;
        outer.close();
      },
    };
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const log = openSync(join(this.#root, "log"), "a");
    const [program = "", ...args] = this.#command();
    const child = spawn(program, args, { stdio: ["ignore", log, log] });
    closeSync(log);
    this.#process = child;
    for (const end = performance.now() + START_MS; !(await this.#answers()); await sleep(100)) {
      if (child.exitCode === null && performance.now() < end) continue;
      throw new Error(`${program} did not come up:\n${readFileSync(join(this.#root, "log"), "utf8").slice(-2000)}`);
    }
  }

  /** Resolves when its process has ended. What ran in its containers may run on. */
  async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
    this.#process = undefined;
    await this.#supervisorEnded();
  }

  /**
   * Resolves when the containerd of a killed dockerd has ended too, and no file names it any more: one whose parent has
   * not yet taken note of its end looks alive to the next dockerd, which then waits for it in vain.
   */
  async #supervisorEnded(): Promise<void> {
    const pidFile = join(this.#root, "exec", "containerd", "containerd.pid");
    if (!existsSync(pidFile)) return;
    const pid = readFileSync(pidFile, "utf8").trim();
    for (const end = performance.now() + START_MS; argumentsOf(pid).includes(`${this.#root}/`); await sleep(50)) {
      if (performance.now() > end) throw new Error(`containerd (${pid}) of a killed engine runs on`);
    }
    rmSync(pidFile, { force: true });
  }

  /** Bring images of another engine, by their names. */
  async load(from: string, references: readonly string[]): Promise<void> {
    const names = references.map((reference) => `names=${encodeURIComponent(reference)}`).join("&");
    const source = await askEngine(from, { method: "GET", path: `/images/get?${names}` });
    const incoming = request({ socketPath: this.socket, method: "POST", path: "/images/load?quiet=1", headers: { "content-type": "application/x-tar" } });
    source.pipe(incoming);
    const [answer] = (await once(incoming, "response")) as [IncomingMessage];
    answer.resume();
    await once(answer, "end");
    if (answer.statusCode !== 200) throw new Error(`images could not be loaded: ${answer.statusCode}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.kind === "podman") execFileSync("podman", [...this.#podmanPlace(), "rm", "--all", "--force", "--time=0"], { stdio: "ignore" });
    await this.stop("SIGTERM");
    // Podman leaves a process behind for minutes for each one that it ran, which then would make its storage again.
    for (const pid of processesOf(`${this.#root}/`)) process.kill(pid, "SIGKILL");
    for (const point of mountsBelow(this.#root).toReversed()) execFileSync("umount", ["--lazy", point]);
    rmSync(this.#root, { recursive: true, force: true });
  }

  #command(): readonly string[] {
    if (this.kind === "podman") return ["podman", ...this.#podmanPlace(), "system", "service", "--time=0", ...this.#words, this.host];
    const place = ["--data-root", this.data, "--exec-root", join(this.#root, "exec"), "--pidfile", join(this.#root, "pid"), "-H", this.host];
    const dockerd = ["dockerd", ...place, "--bridge=none", "--iptables=false", ...this.#words];
    const view = this.#view.join(" && ");
    if (this.kind === "docker" && view !== "") return ["unshare", "--net", "--mount", "--propagation", "slave", "--", "sh", "-c", `${LOOPBACK}; ${view} && exec "$@"`, "sh", ...dockerd];
    if (this.kind === "docker") return ["unshare", "--net", "--", "sh", "-c", `${LOOPBACK}; exec "$@"`, "sh", ...dockerd];
    const table = join(this.#root, "ids");
    writeFileSync(table, `${REMAPPED.user}:${REMAPPED_FROM}:65536\n${REMAPPED.group}:${REMAPPED_FROM}:65536\n`);
    // In a mount namespace of its own, so that the machine's own tables stay as they are.
    const mounts = `${LOOPBACK}; mount --bind '${table}' /etc/subuid && mount --bind '${table}' /etc/subgid && exec "$@"`;
    return ["unshare", "--net", "--mount", "--propagation", "slave", "--", "sh", "-c", mounts, "sh", ...dockerd, `--userns-remap=${REMAPPED.user}:${REMAPPED.group}`];
  }

  #podmanPlace(): readonly string[] {
    mkdirSync(join(this.#root, "run"), { recursive: true });
    return ["--root", this.data, "--runroot", join(this.#root, "run")];
  }

  async #answers(): Promise<boolean> {
    try {
      const answer = await askEngine(this.socket, { method: "GET", path: "/_ping" });
      answer.resume();
      return answer.statusCode === 200;
    } catch {
      return false;
    }
  }
}

/** Ask an engine at its socket. */
export async function askEngine(socketPath: string, { method, path }: { readonly method: string; readonly path: string }): Promise<IncomingMessage> {
  const outgoing = request({ socketPath, method, path, agent: false }).end();
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  return answer;
}

function processesOf(place: string): readonly number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => argumentsOf(pid).includes(place)).map(Number);
}

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

function mountsBelow(root: string): readonly string[] {
  const points = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "");
  return points.filter((point) => point.startsWith(`${root}/`));
}
