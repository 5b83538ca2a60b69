import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmod, chown, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile, lstat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { SandboxId, type WorkspaceReport } from "@sbx/contracts";
import { workloadSeccomp, type Engine, type EngineId, type PreparedWorkspace, type WorkspaceRequest } from "@sbx/core";
import { connectEngine } from "@sbx/engine-docker";
import { createImageMaker } from "@sbx/images";
import { createWorkspaceHost, type LocalWorkspaceHost } from "@sbx/workspace";

const execute = promisify(execFile);
const LABELS = { "dev.sbx.owner": `test-attacks-${process.pid}`, "dev.sbx.role": "probe" };
const HOLD = "/.sbx/hold";

/** What every sandbox of the tests is made from; made once. */
export interface Equipment {
  readonly engine: Engine;
  readonly image: EngineId;
  /** Host path of the session holder's program. */
  readonly hold: string;
  readonly remove: () => Promise<void>;
}

export async function equip(): Promise<Equipment> {
  const directory = await mkdtemp("/var/tmp/sbx-attacks-hold-");
  await chmod(directory, 0o755);
  const engine = await connectEngine({ environment: process.env, home: homedir(), labels: LABELS, directory: `${directory}/engine` });
  const maker = createImageMaker({ engine, env: process.env });
  const { signal } = new AbortController();
  const image = await maker.base(() => undefined, signal);
  const hold = `${directory}/hold`;
  await writeFile(hold, await maker.holdBinary(await maker.gate(() => undefined, signal)), { mode: 0o755 });
  return { engine, image, hold, remove: async () => rm(directory, { recursive: true, force: true }) };
}

/** Whose workspace it is, and whether the daemon mounts by descriptor, as root's does, or by path, as an ordinary user's must. */
export interface Situation {
  readonly uid: number;
  readonly mounts: "descriptor" | "path";
}

/** Situations that this process can make. */
export const OWNERS: readonly Situation[] =
  process.geteuid?.() === 0
    ? [
        { uid: 0, mounts: "descriptor" },
        { uid: 1234, mounts: "descriptor" },
        { uid: 1234, mounts: "path" },
      ]
    : [{ uid: process.geteuid?.() ?? 1000, mounts: "path" }];

/** A person's machine: a home with secrets, a project, the daemon's state. All below one directory, taken away at the end. */
export class Lab implements AsyncDisposable {
  readonly root: string;
  readonly workspace: string;
  readonly owner: number;
  readonly host: LocalWorkspaceHost;
  readonly #equipment: Equipment;
  readonly #jails = new Set<Jail>();

  static async make(equipment: Equipment, { owner, mounts }: { readonly owner: number; readonly mounts: Situation["mounts"] }): Promise<Lab> {
    const root = await mkdtemp("/var/tmp/sbx-attacks-");
    await chmod(root, 0o755);
    const lab = new Lab(equipment, { root, owner, mounts });
    await lab.write("home/.ssh/id_ed25519", "THE-PRIVATE-KEY\n", 0o600);
    await lab.write("home/.aws/credentials", "aws_secret_access_key = THE-AWS-SECRET\n", 0o600);
    await lab.write("project/a.txt", "hello\n");
    await lab.git("init", "-q", "-b", "main");
    await lab.git("add", "-A");
    await lab.git("commit", "-qm", "first");
    return lab;
  }

  private constructor(equipment: Equipment, { root, owner, mounts }: { readonly root: string; readonly owner: number; readonly mounts: Situation["mounts"] }) {
    this.#equipment = equipment;
    this.root = root;
    this.workspace = `${root}/project`;
    this.owner = owner;
    this.host = createWorkspaceHost({ stateDirectory: `${root}/state`, configDirectory: `${root}/config`, home: `${root}/home`, mounts: mounts === "descriptor" });
  }

  /** Write a file of the person's, with the directories above it. `path` is relative to the machine's root. */
  async write(path: string, content: string, mode = 0o644): Promise<void> {
    const target = `${this.root}/${path}`;
    await this.as(["mkdir", "-p", dirname(target)], "/");
    await writeFile(target, content, { mode });
    await this.#own(target);
  }

  async #own(path: string): Promise<void> {
    if (process.geteuid?.() === 0) await chown(path, this.owner, this.owner);
  }

  /** Run a program of the host as the person. Rejects when it fails. */
  async as(command: readonly string[], cwd = this.workspace): Promise<string> {
    if (process.geteuid?.() === 0) await chown(this.root, this.owner, this.owner);
    const [file = "", ...args] = command;
    const identity = process.geteuid?.() === 0 ? { uid: this.owner, gid: this.owner } : {};
    const { stdout } = await execute(file, args, {
      cwd,
      ...identity,
      env: { PATH: process.env["PATH"] ?? "", HOME: `${this.root}/home`, GIT_AUTHOR_NAME: "p", GIT_AUTHOR_EMAIL: "p@example.org", GIT_COMMITTER_NAME: "p", GIT_COMMITTER_EMAIL: "p@example.org" },
    });
    return stdout;
  }

  git(...args: readonly string[]): Promise<string> {
    return this.as(["git", ...args]);
  }

  /** Everything below a path of the machine, in one value: names, kinds, modes, owners, contents. */
  async fingerprint(path: string): Promise<string> {
    const hash = createHash("sha256");
    const visit = async (at: string): Promise<void> => {
      const entry = await lstat(at);
      hash.update(JSON.stringify([at, entry.mode, entry.uid, entry.gid, entry.isFile() ? entry.nlink : 0]));
      if (entry.isFile()) hash.update(await readFile(at));
      else if (entry.isSymbolicLink()) hash.update(await readlink(at));
      else if (entry.isDirectory()) for (const name of (await readdir(at)).toSorted()) await visit(`${at}/${name}`);
    };
    await visit(`${this.root}/${path}`);
    return hash.digest("hex");
  }

  /** Whether something is at a path of the machine. */
  async has(path: string): Promise<boolean> {
    return lstat(`${this.root}/${path}`).then(
      () => true,
      () => false,
    );
  }

  request(options: Partial<Omit<WorkspaceRequest, "id">> = {}): WorkspaceRequest {
    const id = SandboxId.parse(`sbx_${randomBytes(8).toString("hex").slice(0, 8)}`);
    return { id, directory: `${this.root}/state/sandboxes/${id}`, workspace: this.workspace, extra: [], hide: [], allowWrite: [], protect: [], ...options };
  }

  /** Start a sandbox the way the daemon does: prepare, start, ask what the mounts are, note the state. */
  async start(request = this.request()): Promise<Jail> {
    const prepared = await this.host.prepare(request);
    const jail = await Jail.start(this.#equipment, { lab: this, request, prepared });
    this.#jails.add(jail);
    return jail;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const jail of this.#jails) await jail[Symbol.asyncDispose]();
    await this.host.sweep(new Set());
    await rm(this.root, { recursive: true, force: true });
  }
}

/** A running sandbox. */
export class Jail implements AsyncDisposable {
  readonly prepared: PreparedWorkspace;
  readonly request: WorkspaceRequest;
  readonly #engine: Engine;
  readonly #id: EngineId;
  readonly #lab: Lab;
  #gone = false;

  static async start({ engine, image, hold }: Equipment, { lab, request, prepared }: { readonly lab: Lab; readonly request: WorkspaceRequest; readonly prepared: PreparedWorkspace }): Promise<Jail> {
    const user = `${prepared.user.uid}:${prepared.user.gid}`;
    const id = await engine.create({
      name: `sbx-attack-${randomBytes(6).toString("hex")}`,
      image,
      command: [HOLD, "init"],
      env: { HOME: "/tmp", PATH: "/usr/local/bin:/usr/bin:/bin" },
      labels: LABELS,
      user,
      workdir: request.workspace,
      mounts: [{ kind: "bind", source: hold, target: HOLD, readonly: true }, ...prepared.mounts],
      network: { kind: "none", hostname: "jail", sysctls: {}, dns: [], dnsSearch: [], dnsOptions: [], extraHosts: [] },
      capabilities: [],
      readonlyRoot: false,
      seccomp: workloadSeccomp(),
      limits: { pids: 256, memoryBytes: 512 << 20 },
    });
    const jail = new Jail({ engine, id, lab, request, prepared });
    try {
      await engine.start(id);
      const seen = await engine.run(id, { command: [HOLD, "stat", ...prepared.checkpoints], env: {}, user, workdir: "/" });
      await lab.host.verify(request, seen.stdout);
      await lab.host.snapshot(request);
      await jail.sh("git config --global user.name agent; git config --global user.email agent@example.org");
      return jail;
    } catch (error) {
      await jail[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor({
    engine,
    id,
    lab,
    request,
    prepared,
  }: {
    readonly engine: Engine;
    readonly id: EngineId;
    readonly lab: Lab;
    readonly request: WorkspaceRequest;
    readonly prepared: PreparedWorkspace;
  }) {
    this.#engine = engine;
    this.#id = id;
    this.#lab = lab;
    this.request = request;
    this.prepared = prepared;
  }

  /** Run a script as the agent in the workspace. A failure is an answer. */
  sh(script: string): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
    const { uid, gid } = this.prepared.user;
    return this.#engine.run(this.#id, { command: ["bash", "-c", script], env: {}, user: `${uid}:${gid}`, workdir: this.request.workspace });
  }

  /** Stop and remove the sandbox, and take our litter away. @returns what the run left */
  async end(): Promise<WorkspaceReport> {
    const report = await this.#lab.host.report(this.request);
    await this[Symbol.asyncDispose]();
    return report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#gone) return;
    this.#gone = true;
    await this.#engine.remove(this.#id);
    await this.#lab.host.release(this.request);
  }
}

/** Owner of a path on the host. */
export async function ownerOf(path: string): Promise<number> {
  return (await stat(path)).uid;
}
