import { execFile, spawn, type ChildProcessByStdio } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { createServer, type Socket } from "node:net";
import path from "node:path";
import type { Readable } from "node:stream";
import { json, text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../apps/cli/bin/sbx.mjs", import.meta.url));
const PATIENCE_MS = 60_000;

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** What `sbx ls --json` says of a sandbox. */
export interface Shown {
  readonly id: string;
  readonly name: string;
  readonly state: { readonly phase: string; readonly network?: string };
  readonly sessions: readonly { readonly id: string; readonly mode: string; readonly state: { readonly phase: string; readonly exitCode?: number } }[];
}

type Environment = Readonly<Record<string, string>>;

/** A command that runs: what it said so far, and its end. */
export interface Running {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly done: Promise<Outcome>;
}

/** How commands are run: with words before them, or as another user. */
export interface LabOptions {
  readonly enter?: (cwd: string) => readonly string[];
  readonly user?: number;
}

/** An sbx of its own: state, configuration, workspaces and a daemon that nobody else uses. What is there is of its sandboxes: nothing is kept ready. */
export class Lab implements AsyncDisposable {
  readonly root = realpathSync(mkdtempSync("/tmp/sbxf-"));
  readonly state = path.join(this.root, "s");
  readonly config = path.join(this.root, "c");
  /** Value of the owner's label on everything that this lab's daemon makes. */
  readonly owner: string;
  readonly #environment: Environment;
  readonly #options: LabOptions;

  constructor(environment: Environment = {}, options: LabOptions = {}) {
    this.#environment = environment;
    this.#options = options;
    this.owner = `${options.user ?? process.getuid?.() ?? 0}:${createHash("sha256").update(this.state).digest("hex").slice(0, 12)}`;
  }

  /** Ask the engine of this lab by its own command line. */
  async docker(...args: readonly string[]): Promise<string> {
    const host = this.#environment["DOCKER_HOST"];
    return docker(...(host === undefined ? [] : ["--host", host]), ...args);
  }

  workspace(name = "project"): string {
    const directory = path.join(this.root, name);
    mkdirSync(directory, { recursive: true });
    return directory;
  }

  /** Begin an sbx command. */
  begin(args: readonly string[], { cwd = this.workspace(), env = {} }: { readonly cwd?: string; readonly env?: Environment } = {}): Running {
    const [program, ...before] = [...(this.#options.enter?.(cwd) ?? []), process.execPath];
    const child = spawn(program, [...before, CLI, ...args], {
      ...(this.#options.user === undefined ? {} : { uid: this.#options.user, gid: this.#options.user }),
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, SBX_STATE_DIR: this.state, SBX_CONFIG_DIR: this.config, NO_COLOR: "1", SBX_VAULT_KEY: "file", SBX_KEEP_READY: "no", ...this.#environment, ...env },
    });
    const done = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]).then(([, out, err]) => ({ code: child.exitCode, out, err }));
    return { child, done };
  }

  async sbx(...args: readonly string[]): Promise<Outcome> {
    return this.begin(args).done;
  }

  /** A `run` of the shell agent in a workspace. */
  async run(cwd: string, ...command: readonly string[]): Promise<Outcome> {
    return this.begin(["run", "-q", "shell", "--", ...command], { cwd }).done;
  }

  /** Pid of the daemon that has the lock. */
  get daemon(): number {
    const holder: unknown = JSON.parse(readFileSync(path.join(this.state, "sbxd.lock"), "utf8"));
    if (typeof holder === "object" && holder !== null && "pid" in holder && typeof holder.pid === "number") return holder.pid;
    throw new Error("nobody has the lock");
  }

  /** kill -9 of the daemon, and its end. */
  async killDaemon(): Promise<void> {
    const pid = this.daemon;
    process.kill(pid, "SIGKILL");
    await until(() => !isAlive(pid));
  }

  /** What the daemon answers to a call, over its socket. */
  async call(method: string, target: string, body?: unknown): Promise<unknown> {
    const outgoing = request({ socketPath: path.join(this.state, "sbxd.sock"), method, path: target, agent: false });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once("response", resolve).once("error", reject);
    });
    return json(response);
  }

  async events(): Promise<readonly { readonly type: string; readonly at: string; readonly fields: Readonly<Record<string, unknown>> }[]> {
    const events: unknown = await this.call("GET", "/v1/events/list?limit=2000");
    // The daemon checks its answers against the schema of events.
    return events as readonly { readonly type: string; readonly at: string; readonly fields: Readonly<Record<string, unknown>> }[];
  }

  /** Ids of all events that are kept, in order. */
  async allEvents(): Promise<readonly number[]> {
    const events: unknown = await this.call("GET", "/v1/events/list?limit=10000");
    // The daemon checks its answers against the schema of events.
    return (events as readonly { readonly id: number }[]).map(({ id }) => id);
  }

  /** Of the daemon that runs, or by the command line where none does: tests look again and again, and each `sbx ls` is a process. */
  async sandboxes(): Promise<readonly Shown[]> {
    const told = await this.call("GET", "/v1/sandboxes").catch(() => undefined);
    const shown: unknown = Array.isArray(told) ? told : JSON.parse((await this.sbx("ls", "--json")).out);
    // The daemon checks its answers against the schema of sandboxes.
    return shown as readonly Shown[];
  }

  /** Names of the engine's containers and volumes that are this lab's. */
  async inEngine(): Promise<readonly string[]> {
    const filter = ["--filter", `label=dev.sbx.owner=${this.owner}`];
    const [containers, volumes] = await Promise.all([this.docker("ps", "-a", ...filter, "--format", "{{.Names}}"), this.docker("volume", "ls", ...filter, "--format", "{{.Name}}")]);
    return `${containers}\n${volumes}`.split("\n").filter((line) => line !== "");
  }

  /** Everything that a sandbox could have left: containers, volumes, mounts, state, directories in the workspace. */
  async left(workspace: string): Promise<readonly string[]> {
    const mounts = readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[4] ?? "")
      .filter((point) => point.startsWith(this.root));
    const state = ["pods", "sandboxes", "workspace-mounts", "workspace-made"].flatMap((name) => list(path.join(this.state, name)));
    return [...(await this.inEngine()), ...mounts, ...state, ...list(workspace)];
  }

  /** Full name of the container of a role of the only sandbox. */
  async container(role: "gate" | "workload"): Promise<string> {
    return (await this.docker("ps", "-a", "--filter", `label=dev.sbx.owner=${this.owner}`, "--filter", `label=dev.sbx.role=${role}`, "--format", "{{.Names}}")).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { name } of await this.sandboxes().catch(() => [])) await this.sbx("rm", "--force", name);
    await this.sbx("daemon", "stop");
    for (const kind of ["container", "volume"]) {
      const ids = await this.docker(kind, "ls", ...(kind === "container" ? ["-a"] : []), "-q", "--filter", `label=dev.sbx.owner=${this.owner}`);
      for (const id of ids.split("\n").filter((line) => line !== "")) await this.docker(kind, "rm", "-f", id);
    }
    if (readFileSync("/proc/self/mountinfo", "utf8").includes(this.root)) throw new Error(`mounts are left below ${this.root}`);
    rmSync(this.root, { recursive: true, force: true });
  }
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory).map((name) => path.join(directory, name));
  } catch {
    return [];
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export async function docker(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("docker", args, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error);
    });
  });
}

/** Wait until something holds; fails after a minute. After a look it rests as long as that took. */
export async function until(holds: () => boolean | Promise<boolean>, what = "it"): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (let looked = performance.now(); !(await holds()); looked = performance.now()) {
    if (performance.now() > end) throw new Error(`${what} did not come about within ${PATIENCE_MS} ms`);
    // Most looks are commands, and what is waited for needs the processor.
    await sleep(Math.max(50, performance.now() - looked));
  }
}

/** A service on the host's loopback that says "ok" to everyone who connects, and counts them. */
export async function startService(): Promise<{ readonly port: number; count(): number } & AsyncDisposable> {
  let served = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    served += 1;
    sockets.add(socket);
    socket.on("error", () => undefined).end("ok");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    count: () => served,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
