import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { chown, chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request, type IncomingMessage } from "node:http";
import { homedir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { CreateSandbox, SandboxId, ServerPodId, type EventInit } from "@sbx/contracts";
import { ServerPods, type Engine, type EngineId, type SandboxRecord, type ServerLaunch, type ServerParts, type WorkspaceRequest } from "@sbx/core";
import { connectEngine } from "@sbx/engine-docker";
import { createImageMaker } from "@sbx/images";
import { createWorkspaceHost, type LocalWorkspaceHost } from "@sbx/workspace";
import { createServerFiles } from "../../../apps/daemon/src/files/server-files.ts";
import { composeNetwork } from "../../../apps/daemon/src/network/compose-network.ts";
import { PolicyService } from "../../../apps/daemon/src/policy/policy-service.ts";
import { createSandboxFiles } from "../../../apps/daemon/src/sandboxes/sandbox-files.ts";
import { PRELUDE } from "../pod/pod-lab.ts";

/** Engine and images; made once per file. */
export interface Equipment {
  readonly engine: Engine;
  readonly baseImage: EngineId;
  readonly gateImage: EngineId;
}

const eight = (): string => Array.from({ length: 8 }, () => randomInt(36).toString(36)).join("");

/** What one server said and how it ended. */
export interface Said {
  readonly out: string;
  readonly err: string;
  readonly exitCode: number;
}

/** The daemon's part for servers' pods, composed as the daemon does, with a person's machine around it. */
export class ServerLab implements AsyncDisposable {
  readonly root: string;
  readonly engine: Engine;
  readonly baseImage: EngineId;
  readonly owner = `attacks-mcp-${process.pid}-${eight()}`;
  readonly events: EventInit[] = [];
  readonly faults: unknown[] = [];
  readonly records = new Map<SandboxId, SandboxRecord>();
  readonly policy: PolicyService;
  readonly workspace: LocalWorkspaceHost;
  readonly parts: ServerParts;
  readonly pods: ServerPods;
  readonly #scope = new AsyncDisposableStack();

  static async equip(): Promise<Equipment> {
    const engine = await connectEngine({ environment: process.env, home: homedir(), labels: { "dev.sbx.owner": `attacks-mcp-${process.pid}` } });
    const images = createImageMaker({ engine, env: process.env });
    const { signal } = new AbortController();
    return { engine, baseImage: await images.base(() => undefined, signal), gateImage: await images.gate(() => undefined, signal) };
  }

  static async make(equipment: Equipment, more: Pick<ServerParts, "spareGates"> = {}): Promise<ServerLab> {
    const root = await mkdtemp("/var/tmp/sbxm-");
    await chmod(root, 0o755);
    for (const name of ["state", "config", "home"]) await mkdir(path.join(root, name), { mode: name === "home" ? 0o755 : 0o700 });
    return new ServerLab(equipment, root, more);
  }

  private constructor({ engine, baseImage, gateImage }: Equipment, root: string, more: Pick<ServerParts, "spareGates">) {
    this.root = root;
    this.engine = engine;
    this.baseImage = baseImage;
    this.#scope.defer(() => rm(root, { recursive: true, force: true }));
    const state = path.join(root, "state");
    const record = (event: EventInit): void => void this.events.push(event);
    const images = createImageMaker({ engine, env: process.env });
    this.policy = new PolicyService({
      userFile: path.join(root, "config", "policy.json"),
      sandboxFile: (id) => path.join(state, "sandboxes", id, "policy.json"),
      serverFile: (server) => path.join(root, "config", "mcp", "policy", `${server}.json`),
      record,
      changed: () => network.reconsider(),
    });
    const log = { info: () => undefined, warn: () => undefined, error: (_: string, fields: object) => void this.faults.push(fields) };
    const sandbox = (id: SandboxId): SandboxRecord => {
      const found = this.records.get(id);
      if (found === undefined) throw new Error(`no sandbox ${id}`);
      return found;
    };
    const network = composeNetwork({ scope: this.#scope, record, log, policy: this.policy, models: { bindings: () => [] }, sandbox });
    this.workspace = createWorkspaceHost({ stateDirectory: state, configDirectory: path.join(root, "config"), home: path.join(root, "home") });
    this.parts = {
      engine: () => Promise.resolve(engine),
      images: () => Promise.resolve({ gate: () => Promise.resolve(gateImage) }),
      network: network.servers,
      files: createServerFiles(
        state,
        createSandboxFiles(state, (image) => images.holdBinary(image)),
      ),
      workspace: this.workspace,
      workspaceOf: (id) => Promise.resolve(this.requestOf(id)),
      owner: this.owner,
      newId: () => ServerPodId.parse(`mcp_${eight()}`),
      record,
      ...more,
    };
    this.pods = this.#scope.use(new ServerPods(this.parts));
  }

  /** A sandbox as far as servers know of one: an id, a workspace with a file in it, no pod of its own. */
  async sandbox({ uid = 0 }: { readonly uid?: number } = {}): Promise<SandboxId> {
    const id = SandboxId.parse(`sbx_${eight()}`);
    const workspace = path.join(this.root, "home", id);
    await mkdir(path.join(workspace, "src"), { recursive: true });
    await writeFile(path.join(workspace, "src", "a.txt"), "from the workspace\n");
    if (process.geteuid?.() === 0) await promisify(execFile)("chown", ["-R", `${uid}:${uid}`, workspace]);
    this.records.set(id, aRecord(id, workspace));
    return id;
  }

  workspaceOf(id: SandboxId): string {
    return path.join(this.root, "home", id);
  }

  requestOf(id: SandboxId): WorkspaceRequest {
    return { id, directory: path.join(this.root, "state", "sandboxes", id, "workspace"), workspace: this.workspaceOf(id), extra: [], hide: [], allowWrite: [], protect: [] };
  }

  launch(changes: Partial<ServerLaunch> = {}): ServerLaunch {
    return {
      server: "probe",
      sandbox: undefined,
      image: this.baseImage,
      command: ["cat"],
      workdir: "/",
      env: {},
      secrets: {},
      volumes: [],
      scratch: [],
      rules: [],
      purpose: "run",
      hosts: [],
      limits: { cpus: 1, memoryBytes: 256 << 20, pids: 64 },
      ...changes,
    };
  }

  /** Run Python as a server's program to its end; gives what it said as JSON if it is that. Throws when it fails. */
  async python(script: string, changes: Partial<ServerLaunch> = {}): Promise<unknown> {
    const { out, err, exitCode } = await this.run({ command: ["timeout", "60", "python3", "-c", `${PRELUDE}\n${script}`], ...changes });
    if (exitCode !== 0) throw new Error(`the attack itself failed with ${exitCode}: ${err}`);
    try {
      const value: unknown = JSON.parse(out);
      return value;
    } catch {
      return out.trim();
    }
  }

  /** Run a server to its end. */
  async run(changes: Partial<ServerLaunch>): Promise<Said> {
    await using server = await this.pods.start(this.launch(changes), AbortSignal.timeout(60_000));
    server.stdin.end();
    const [out, err, exitCode] = await Promise.all([text(server.stdout), text(server.stderr), server.exit]);
    return { out, err, exitCode };
  }

  /** What the engine answers to whoever may ask it. */
  async ask(target: string): Promise<string> {
    const outgoing = request({ socketPath: this.engine.info.endpoint.replace(/^unix:\/\//, ""), path: target, agent: false }).end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    return text(response);
  }

  /** Containers of this lab that are there, by their roles. */
  async containers(): Promise<readonly string[]> {
    return (await this.engine.list([`dev.sbx.owner=${this.owner}`])).map(({ labels }) => labels["dev.sbx.role"] ?? "").toSorted();
  }

  async own(file: string, uid: number): Promise<void> {
    if (process.geteuid?.() === 0) await chown(file, uid, uid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pods[Symbol.asyncDispose]();
    for (const { id } of await this.engine.list([`dev.sbx.owner=${this.owner}`])) await this.engine.remove(id);
    for (const { name } of await this.engine.listVolumes([`dev.sbx.owner=${this.owner}`])) await this.engine.removeVolume(name);
    await this.workspace.sweep(new Set());
    await this.#scope.disposeAsync();
  }
}

function aRecord(id: SandboxId, workspace: string): SandboxRecord {
  return {
    version: 1,
    id,
    name: `box-${id.slice(4)}`,
    createdAt: "2026-01-01T00:00:00.000Z",
    image: "sha256:0",
    user: "1000:1000",
    homeDirectory: "/home/agent",
    placeholder: "p",
    modelSource: "none",
    request: { ...CreateSandbox.parse({ agent: "shell", workspace, allow: ["allowed-for-the-agent.test"] }), limits: { pids: 4096 } },
    profileRules: [],
    profileProtect: [],
    longRunning: false,
    protected: [],
    hidden: [],
    notices: [],
    skipped: [],
    kits: [],
    ready: true,
  };
}
