import { PassThrough, type Readable, Writable } from "node:stream";
import { AppError } from "@sbx/contracts";
import type {
  BuildRequest,
  CommitRequest,
  ContainerSpec,
  ContainerState,
  ContainerUsage,
  ContainerView,
  DiskLimits,
  Engine,
  EngineId,
  EngineInfo,
  ExecProcess,
  ExecSpec,
  ImageConfig,
  ImageSummary,
} from "@sbx/core";

/** What a program of the fake has in hand. */
export interface FakeProcess {
  readonly spec: ExecSpec;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** A program by its name: resolves with its exit code. */
export type FakeProgram = (process: FakeProcess) => Promise<number> | number;

interface Container {
  readonly id: EngineId;
  readonly spec: ContainerSpec;
  state: ContainerState;
  exitCode: number;
  startedAt?: string;
}

const RUN_BYTES = 1024 * 1024;

/** A few programs that every container of the fake has. */
const PROGRAMS: Readonly<Record<string, FakeProgram>> = {
  true: () => 0,
  false: () => 1,
  echo: ({ spec, stdout }) => {
    stdout.write(`${spec.command.slice(1).join(" ")}\n`);
    return 0;
  },
  cat: async ({ stdin, stdout }) => {
    for await (const chunk of stdin) stdout.write(chunk);
    return 0;
  },
};

/** An engine in memory: containers have states, processes are functions of `programs`, images are names. Nothing is isolated. */
export class FakeEngine implements Engine {
  readonly info: EngineInfo = { name: "Fake", version: "0", apiVersion: "1.41", endpoint: "memory", architecture: "amd64", remaps: false };
  /** How much volumes hold that were made with a size. */
  readonly volumeSizes = new Map<string, number>();
  /** What of the disk it cannot bound, and why. */
  disk: DiskLimits = {};
  readonly programs = new Map(Object.entries(PROGRAMS));
  /** Images by reference. */
  readonly images = new Map<string, EngineId>();
  /** What images say of themselves; nothing where nothing is given. */
  readonly configs = new Map<EngineId, Partial<ImageConfig>>();
  /** Files of images, by "image:path". */
  readonly files = new Map<string, Buffer>();
  /** Paths at which every container has a link. */
  readonly links = new Set<string>();
  readonly #imageLabels = new Map<string, Readonly<Record<string, string>>>();
  readonly #containers = new Map<EngineId, Container>();
  readonly #volumes = new Map<string, Readonly<Record<string, string>>>();
  readonly #stopped = new Set<{ readonly id: EngineId; readonly resolve: () => void }>();
  #made = 0;

  async create(spec: ContainerSpec, signal?: AbortSignal): Promise<EngineId> {
    signal?.throwIfAborted();
    if (![...this.images.values()].includes(spec.image)) throw failed(`create the container ${spec.name}`, "there is no such image");
    if ([...this.#containers.values()].some((other) => other.spec.name === spec.name)) throw failed(`create the container ${spec.name}`, "the name is in use");
    const id = this.#newId();
    this.#containers.set(id, { id, spec, state: "created", exitCode: 0 });
    return Promise.resolve(id);
  }

  async start(id: EngineId, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const container = this.#containers.get(id);
    if (container === undefined) throw failed("start a container", "there is no such container");
    container.state = "running";
    container.startedAt = new Date(0).toISOString();
    const program = this.programs.get(container.spec.command[0] ?? "");
    if (program !== undefined) void this.#runToEnd(container, program);
    return Promise.resolve();
  }

  /** A container whose own program is one of `programs` ends when that does. */
  async #runToEnd(container: Container, program: FakeProgram): Promise<void> {
    const { command, env, user, workdir } = container.spec;
    const spec: ExecSpec = { command, env, user, workdir, tty: false, stdin: false };
    const exitCode = await program({ spec, stdin: new PassThrough().end(), stdout: new PassThrough().resume(), stderr: new PassThrough().resume() });
    if (container.state !== "running") return;
    container.state = "exited";
    container.exitCode = exitCode;
    this.#tellStopped(container.id);
  }

  async stop(id: EngineId, _seconds: number): Promise<void> {
    const container = this.#containers.get(id);
    if (container?.state === "running") {
      container.state = "exited";
      container.exitCode = 143;
    }
    this.#tellStopped(id);
    return Promise.resolve();
  }

  async remove(id: EngineId): Promise<void> {
    this.#containers.delete(id);
    this.#tellStopped(id);
    return Promise.resolve();
  }

  async isLink(id: EngineId, path: string): Promise<boolean> {
    if (this.#containers.get(id)?.state === "running") throw failed("look at a path of a container", "it runs");
    return Promise.resolve(this.links.has(path));
  }

  async awaitStop(id: EngineId, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#containers.get(id)?.state !== "running") return;
    await new Promise<void>((resolve, reject) => {
      this.#stopped.add({ id, resolve });
      signal.addEventListener(
        "abort",
        () => {
          reject(signal.reason);
        },
        { once: true },
      );
    });
  }

  #tellStopped(id: EngineId): void {
    for (const waiting of this.#stopped) {
      if (waiting.id !== id) continue;
      this.#stopped.delete(waiting);
      waiting.resolve();
    }
  }

  async inspect(id: EngineId): Promise<ContainerView | undefined> {
    const container = this.#containers.get(id);
    return Promise.resolve(container === undefined ? undefined : viewOf(container));
  }

  async list(labels: readonly string[]): Promise<readonly ContainerView[]> {
    return Promise.resolve([...this.#containers.values()].filter(({ spec }) => carries(spec.labels, labels)).map(viewOf));
  }

  async exec(container: EngineId, spec: ExecSpec, signal?: AbortSignal): Promise<ExecProcess> {
    signal?.throwIfAborted();
    if (this.#containers.get(container)?.state !== "running") throw failed("start a process", "the container is not running");
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    if (!spec.stdin) stdin.end();
    const program = this.programs.get(spec.command[0] ?? "") ?? (() => 127);
    const exit = (async () => program({ spec, stdin, stdout, stderr }))().finally(() => {
      stdout.end();
      stderr.end();
    });
    exit.catch(() => undefined);
    return Promise.resolve({
      stdin,
      stdout,
      stderr,
      exit,
      resize: async () => Promise.resolve(),
      detach: () => {
        stdout.destroy();
        stderr.destroy();
      },
    });
  }

  async run(container: EngineId, spec: Omit<ExecSpec, "tty" | "stdin">, signal?: AbortSignal): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
    const process = await this.exec(container, { ...spec, tty: false, stdin: false }, signal);
    const [stdout, stderr, exitCode] = await Promise.all([textOf(process.stdout), textOf(process.stderr), process.exit]);
    return { exitCode, stdout, stderr };
  }

  async findImage(reference: string): Promise<EngineId | undefined> {
    const byId = [...this.images.values()].find((id) => id === reference);
    return Promise.resolve(this.images.get(reference) ?? byId);
  }

  async pull(reference: string): Promise<EngineId> {
    throw new AppError("IMAGE_UNAVAILABLE", { message: `The image ${reference} could not be pulled: this engine knows no registry`, fix: "Give the fake the image." });
  }

  async importRootfs(rootfs: Readable, reference: string, signal: AbortSignal): Promise<EngineId> {
    return this.#addImage(rootfs, reference, signal);
  }

  async build({ context, reference, labels }: BuildRequest, progress: (line: string) => void, signal: AbortSignal): Promise<EngineId> {
    progress(`Successfully tagged ${reference}`);
    this.#imageLabels.set(reference, labels);
    return this.#addImage(context, reference, signal);
  }

  async commit(container: EngineId, { reference, labels }: CommitRequest): Promise<EngineId> {
    if (this.#containers.get(container)?.state !== "exited") throw failed("make an image of a container", "it runs, or there is none");
    const id = `sha256:${this.#newId()}`;
    this.images.set(reference, id);
    this.#imageLabels.set(reference, labels);
    return Promise.resolve(id);
  }

  async imageConfig(image: EngineId): Promise<ImageConfig> {
    if (![...this.images.values()].includes(image)) throw new AppError("IMAGE_UNAVAILABLE", { message: `The image ${image} is not here`, fix: "Give the fake the image." });
    return Promise.resolve({ entrypoint: [], command: [], workdir: "/", env: {}, volumes: [], labels: {}, ...this.configs.get(image) });
  }

  async readFile(image: EngineId, path: string): Promise<Buffer> {
    const bytes = this.files.get(`${image}:${path}`);
    if (bytes === undefined) throw failed(`read ${path} of an image`, "there is no such file");
    return Promise.resolve(bytes);
  }

  async listImages(label: string): Promise<readonly ImageSummary[]> {
    const [key = "", value] = label.split("=");
    const all = [...this.images].map(([reference, id]) => ({ id, references: [reference], labels: this.#imageLabels.get(reference) ?? {}, createdAt: 0 }));
    return Promise.resolve(all.filter(({ labels }) => Object.hasOwn(labels, key) && (value === undefined || labels[key] === value)));
  }

  async removeImage(reference: string): Promise<void> {
    this.images.delete(reference);
    return Promise.resolve();
  }

  async createVolume(name: string, labels: Readonly<Record<string, string>>, sizeBytes?: number): Promise<void> {
    const there = this.#volumes.get(name);
    if (there !== undefined && !Object.entries(labels).every(([key, value]) => there[key] === value)) {
      throw failed(`create the volume ${name}`, "a volume of this name is there already and is not ours");
    }
    this.#volumes.set(name, there ?? labels);
    if (sizeBytes !== undefined) this.volumeSizes.set(name, sizeBytes);
    return Promise.resolve();
  }

  async diskLimits(): Promise<DiskLimits> {
    return Promise.resolve(this.disk);
  }

  async usage(id: EngineId): Promise<ContainerUsage | undefined> {
    const isRunning = this.#containers.get(id)?.state === "running";
    return Promise.resolve(isRunning ? { cpuNanoseconds: 1, memoryBytes: 1, memoryLimitBytes: 1 << 30, pids: 1 } : undefined);
  }

  async removeVolume(name: string): Promise<void> {
    this.#volumes.delete(name);
    return Promise.resolve();
  }

  async listVolumes(labels: readonly string[]): Promise<readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[]> {
    return Promise.resolve([...this.#volumes].filter(([, own]) => carries(own, labels)).map(([name, own]) => ({ name, labels: own })));
  }

  async #addImage(source: Readable, reference: string, signal: AbortSignal): Promise<EngineId> {
    signal.throwIfAborted();
    for await (const _chunk of source) signal.throwIfAborted();
    const id = `sha256:${this.#newId()}`;
    this.images.set(reference, id);
    return id;
  }

  #newId(): EngineId {
    this.#made += 1;
    return this.#made.toString(16).padStart(64, "0");
  }
}

function viewOf({ id, spec, state, exitCode, startedAt }: Container): ContainerView {
  return {
    id,
    name: spec.name,
    image: spec.image,
    labels: spec.labels,
    state,
    ...(state === "exited" ? { exitCode } : {}),
    ...(state === "running" ? { pid: Number.parseInt(id, 16) + 1 } : {}),
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}

function carries(own: Readonly<Record<string, string>>, labels: readonly string[]): boolean {
  return labels.every((label) => {
    const equals = label.indexOf("=");
    return equals < 0 ? label in own : own[label.slice(0, equals)] === label.slice(equals + 1);
  });
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).subarray(0, RUN_BYTES).toString("utf8");
}

function failed(doing: string, reason: string): AppError {
  return new AppError("ENGINE_FAILED", { message: `The container engine could not ${doing}: ${reason}.`, fix: "Run: sbx doctor. It says what is wrong with the engine." });
}
