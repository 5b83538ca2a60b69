import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect } from "node:net";
import { homedir } from "node:os";
import { promisify } from "node:util";
import { once } from "node:events";
import { AppError, type SandboxId } from "@sbx/contracts";
import type { Engine, EngineId } from "@sbx/core";
import { connectGuardEngine, startDockerGuard, workspaceBinds, type DockerGuard, type GuardEngine, type GuardImages, type GuardLimits, type SharedImage } from "@sbx/docker-guard";
import { connectEngine } from "@sbx/engine-docker";
import { createImageMaker } from "@sbx/images";
import { startEngineWith, type OwnEngine } from "@sbx/testing";
import { aSandboxId } from "../pod/pod-lab.ts";
import { emptyPods, realPods, sharedPod, type TestPods } from "./child-pods.ts";

const execute = promisify(execFile);
const HOST_ENGINE = "/var/run/docker.sock";
const OWNER = { "dev.sbx.owner": "docker-attacks" };
/** What agents of the tests call the one image that they have. */
export const IMAGE = "debian:12";
/** Enough for what is asked here; longer means that somebody hangs. */
const ANSWER_MS = 20_000;

/** An engine of its own with the images of tests; what happens in it is done by the test alone. */
export class DockerLab implements AsyncDisposable {
  readonly own: OwnEngine;
  readonly engine: Engine;
  readonly raw: GuardEngine;
  readonly image: SharedImage;
  readonly #gateImage: EngineId;
  readonly #directory: string;

  private constructor(parts: { readonly own: OwnEngine; readonly engine: Engine; readonly raw: GuardEngine; readonly image: SharedImage; readonly gateImage: EngineId; readonly directory: string }) {
    this.own = parts.own;
    this.engine = parts.engine;
    this.raw = parts.raw;
    this.image = parts.image;
    this.#gateImage = parts.gateImage;
    this.#directory = parts.directory;
  }

  static async open(): Promise<DockerLab> {
    const makers = await connectEngine({ environment: process.env, home: homedir(), labels: OWNER, directory: `/tmp/sbx-attacks-engine-${process.pid}` });
    const images = createImageMaker({ engine: makers, env: process.env });
    const { signal } = new AbortController();
    const [base, gateImage] = [await images.base(() => undefined, signal), await images.gate(() => undefined, signal)];
    const own = await startEngineWith(HOST_ENGINE, [base, gateImage]);
    try {
      const engine = await connectEngine({ environment: {}, home: "/nowhere", endpoint: own.host, labels: OWNER });
      const raw = await connectGuardEngine(own.socket);
      return new DockerLab({ own, engine, raw, image: { id: base, tags: [IMAGE] }, gateImage, directory: await mkdtemp("/tmp/sbxd-") });
    } catch (error) {
      await own[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Start a guard for a new sandbox, or again for one that was there. */
  async guard({ pods = "empty", sandbox = aSandboxId(), key = randomBytes(32), limits = {}, images, registries = {}, keep, engine = this.raw }: GuardWish = {}): Promise<GuardedSandbox> {
    const place = `${this.#directory}/${sandbox.slice(4)}`;
    const workspace = `${place}/work`;
    await mkdir(`${workspace}/.git/hooks`, { recursive: true });
    for (const name of ["hooks", "empty"]) await mkdir(`${place}/${name}`, { recursive: true });
    await chown(workspace, 1000, 1000);
    const made = keep ?? (await PODS[pods]({ engine: this.engine, gateImage: this.#gateImage, labels: OWNER }));
    const faults: unknown[] = [];
    const guard = await startDockerGuard({
      sandbox,
      socket: `${place}/sock`,
      engine,
      pods: made,
      binds: workspaceBinds({
        roots: [
          {
            root: workspace,
            mounts: [
              { source: workspace, target: workspace, readonly: false },
              { source: `${place}/hooks`, target: `${workspace}/.git/hooks`, readonly: true },
            ],
          },
        ],
        empty: `${place}/empty`,
        // Made by the daemon, where its engine sees the mounts.
        parts: {
          prepare: () => Promise.reject(new AppError("WORKSPACE_INVALID", { message: "no path below the workspace is mounted here", fix: "Mount the workspace as a whole." })),
          release: () => Promise.resolve(),
        },
      }),
      images: { list: () => Promise.resolve(images ?? [this.image]), pull: nothing, push: nothing, ...registries },
      owner: OWNER,
      key,
      limits,
      onFault: (error) => void faults.push(error),
    });
    return new GuardedSandbox({ lab: this, guard, pods: made, sandbox, key, socket: `${place}/sock`, workspace, faults });
  }

  /** Everything that the engine has, in one value: what an attack must not change. */
  async state(): Promise<string> {
    const get = async (path: readonly string[], query: Readonly<Record<string, string>> = {}) => canonical((await this.raw.call({ method: "GET", path, query })).body);
    const containers = (await this.engine.list([])).toSorted((a, b) => a.id.localeCompare(b.id)).map(({ id, name, state, labels }) => [id, name, state, labels]);
    const mounts = await Promise.all(containers.map(async ([id]) => get(["containers", String(id), "json"])));
    return JSON.stringify([
      containers,
      mounts.map((one) => createHash("sha256").update(withoutTimes(one)).digest("hex")),
      await get(["networks"]),
      await get(["volumes"]),
      withoutTimes(await get(["images", "json"], { all: "1" })),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { id } of await this.engine.list([])) await this.engine.remove(id);
    await this.own[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** The engine gives its lists in any order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).toSorted().join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
  return `{${members.toSorted().join(",")}}`;
}

/** A probe's execs come and go, and pids of the host with them. */
function withoutTimes(text: string): string {
  return text.replaceAll(/"ExecIDs":(?:null|\[[^\]]*\])/g, '"ExecIDs":null');
}

function nothing(): Promise<never> {
  return Promise.reject(new AppError("EGRESS_DENIED", { message: "No rule allows it", fix: "Use what is there." }));
}

const PODS = { empty: emptyPods, real: realPods, shared: sharedPod };

export interface GuardWish {
  readonly pods?: keyof typeof PODS;
  readonly sandbox?: SandboxId;
  readonly key?: Uint8Array;
  readonly limits?: Partial<GuardLimits>;
  readonly images?: readonly SharedImage[];
  /** How images come from registries and go there; nothing does without it. */
  readonly registries?: Partial<Pick<GuardImages, "pull" | "push">>;
  /** In place of the engine itself: one that looks at what it is asked. */
  readonly engine?: GuardEngine;
  /** Pods that are there already. */
  readonly keep?: TestPods;
}

/** What a guard answered. */
export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly json: unknown;
}

/** A sandbox with a Docker API, and the ways to speak to it. */
export class GuardedSandbox implements AsyncDisposable {
  readonly sandbox: SandboxId;
  readonly socket: string;
  readonly workspace: string;
  readonly key: Uint8Array;
  readonly pods: TestPods;
  /** Faults of the guard's own: there must be none. */
  readonly faults: unknown[];
  readonly #lab: DockerLab;
  readonly #guard: DockerGuard;

  constructor(parts: {
    readonly lab: DockerLab;
    readonly guard: DockerGuard;
    readonly pods: TestPods;
    readonly sandbox: SandboxId;
    readonly key: Uint8Array;
    readonly socket: string;
    readonly workspace: string;
    readonly faults: unknown[];
  }) {
    this.#lab = parts.lab;
    this.#guard = parts.guard;
    this.pods = parts.pods;
    this.sandbox = parts.sandbox;
    this.key = parts.key;
    this.socket = parts.socket;
    this.workspace = parts.workspace;
    this.faults = parts.faults;
  }

  /** Speak HTTP properly. */
  async ask(method: string, path: string, body?: unknown): Promise<Reply> {
    const text = typeof body === "string" ? body : body === undefined ? undefined : JSON.stringify(body);
    const outgoing = request({
      socketPath: this.socket,
      method,
      path,
      agent: false,
      headers: text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) },
    });
    outgoing.setTimeout(ANSWER_MS, () => outgoing.destroy(new Error(`no answer to ${method} ${path}`)));
    outgoing.end(text);
    const [answer] = (await once(outgoing, "response")) as [import("node:http").IncomingMessage];
    return reply(answer.statusCode ?? 0, await textOf(answer));
  }

  /** Speak bytes. @returns all that comes back until the guard hangs up, or is silent for long */
  async raw(bytes: string | Buffer): Promise<string> {
    const socket = connect({ path: this.socket, allowHalfOpen: true });
    socket.setTimeout(8000, () => socket.destroy());
    socket.on("error", () => undefined);
    let text = "";
    socket.on("data", (piece) => {
      text += piece.toString("latin1");
    });
    socket.once("end", () => socket.destroy());
    socket.write(bytes);
    await once(socket, "close");
    return text;
  }

  /** Run the real command line against the guard. A failure is an answer. */
  async docker(args: readonly string[], input = ""): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const running = execute("docker", ["-H", `unix://${this.socket}`, ...args], { timeout: 60_000, env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent" } });
    running.child.stdin?.end(input);
    return running.then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { readonly code?: number; readonly stdout?: string; readonly stderr?: string }) => ({ code: error.code ?? -1, stdout: error.stdout ?? "", stderr: error.stderr ?? "" }),
    );
  }

  /** A container that does nothing until it is removed. @returns its id */
  async child(host: Readonly<Record<string, unknown>> = {}, config: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const made = await this.ask("POST", `/v1.41/containers/create`, { Image: IMAGE, Cmd: ["sleep", "infinity"], ...config, HostConfig: host });
    if (made.status !== 201) throw new Error(made.text);
    const { Id } = made.json as { readonly Id: string };
    const started = await this.ask("POST", `/v1.41/containers/${Id}/start`);
    if (started.status !== 204) throw new Error(started.text);
    return Id;
  }

  async writeWorkspace(path: string, content: string): Promise<void> {
    await writeFile(`${this.workspace}/${path}`, content);
  }

  /** End the guard as a daemon's end would; what the sandbox has stays. */
  async stop(): Promise<void> {
    await this.#guard[Symbol.asyncDispose]();
  }

  /** The daemon ends and comes back; the pods stay. */
  async restart(): Promise<GuardedSandbox> {
    await this.stop();
    return this.#lab.guard({ sandbox: this.sandbox, key: this.key, keep: this.pods });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    const { engine } = this.#lab;
    for (const { id } of await engine.list([`dev.sbx.sandbox=${this.sandbox}`])) await engine.remove(id);
    for (const { name } of await engine.listVolumes([`dev.sbx.sandbox=${this.sandbox}`])) await engine.removeVolume(name);
    await this.pods[Symbol.asyncDispose]();
  }
}

function reply(status: number, text: string): Reply {
  try {
    return { status, text, json: JSON.parse(text) as unknown };
  } catch {
    return { status, text, json: undefined };
  }
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = "";
  for await (const piece of stream) text += String(piece);
  return text;
}
