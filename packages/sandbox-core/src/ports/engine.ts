import type { Readable, Writable } from "node:stream";

/** A container's or image's full id as the engine gives it, never a name or a prefix. */
export type EngineId = string;

/**
 * Mounts a host path, a named volume or memory into a container. `source` of a bind is an absolute host path. A volume
 * that is empty and not read-only gets what the image has at its place, unless it stays empty. What masks stands over a
 * socket or pipe of the host.
 */
export type Mount =
  | { readonly kind: "bind"; readonly source: string; readonly target: string; readonly readonly: boolean; readonly masks?: true | undefined }
  | { readonly kind: "volume"; readonly source: string; readonly target: string; readonly readonly?: boolean; readonly staysEmpty?: boolean }
  | { readonly kind: "tmpfs"; readonly target: string; readonly sizeBytes: number; readonly mode: number; readonly uid?: number; readonly gid?: number };

/** Everything that is decided about a container before it exists. Values are final: the engine adds no default of its own. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: EngineId;
  /** Whole argument vector of pid 1; the image's entrypoint is not used. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** "uid:gid" inside the container. */
  readonly user: string;
  readonly workdir: string;
  readonly mounts: readonly Mount[];
  /** "none", or the namespace of another container. There is no bridge. */
  readonly network:
    | {
        readonly kind: "none";
        readonly hostname: string;
        readonly sysctls: Readonly<Record<string, string>>;
        readonly dns: readonly string[];
        readonly dnsSearch: readonly string[];
        readonly dnsOptions: readonly string[];
        readonly extraHosts: readonly string[];
      }
    | { readonly kind: "join"; readonly container: EngineId };
  readonly capabilities: readonly string[];
  readonly readonlyRoot: boolean;
  /** A seccomp profile document in the engine's form, or the engine's own default. */
  readonly seccomp: "default" | object;
  /** `diskBytes` bounds what it writes into its own files, where the engine can. */
  readonly limits: { readonly pids: number; readonly memoryBytes?: number; readonly cpus?: number; readonly diskBytes?: number };
}

/** Where a container stands; whatever else an engine calls it is mapped to one of these. */
export type ContainerState = "created" | "running" | "exited";

/** What the engine says of one container. */
export interface ContainerView {
  readonly id: EngineId;
  readonly name: string;
  readonly image: EngineId;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: ContainerState;
  /** Exit code of pid 1, when `state` is "exited". */
  readonly exitCode?: number;
  /** Pid of pid 1 as the host sees it, when running. */
  readonly pid?: number;
  readonly startedAt?: string;
}

/** Containers of ours. Every method rejects with `ENGINE_UNREACHABLE` or `ENGINE_FAILED`. */
export interface ContainerEngine {
  create(spec: ContainerSpec, signal?: AbortSignal): Promise<EngineId>;
  /** With `details.held` the engine will never start this one, because it does not let go of its last run. */
  start(id: EngineId, signal?: AbortSignal): Promise<void>;
  /** Stop with a grace of `seconds`, then kill. Resolves when the container is not running, also if it never was. */
  stop(id: EngineId, seconds: number): Promise<void>;
  /** Remove with its anonymous volumes, running or not. Resolves when it is gone, also if it never was. */
  remove(id: EngineId): Promise<void>;
  /** Whether a link is at this path of a container that does not run, whose mounts are looked at too. False where nothing is. */
  isLink(id: EngineId, path: string): Promise<boolean>;
  /** Resolves when the container does not run, also if there is none. @throws the signal's reason when it fires */
  awaitStop(id: EngineId, signal: AbortSignal): Promise<void>;
  /** `undefined` when there is no such container. */
  inspect(id: EngineId): Promise<ContainerView | undefined>;
  /** All containers, running or not, that carry each of these labels (`key` or `key=value`). */
  list(labels: readonly string[]): Promise<readonly ContainerView[]>;
}

/** A program to start in a container that runs: the whole argument vector, no shell. */
export interface ExecSpec {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly workdir: string;
  /** Size of the terminal (0 by 0: set by the first `resize`), or false for three separate streams. */
  readonly tty: false | { readonly columns: number; readonly rows: number };
  /** Whether stdin is connected; when false the process reads end of file at once. */
  readonly stdin: boolean;
}

/** A process started in a running container. With a terminal everything arrives on `stdout`. */
export interface ExecProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  resize(size: { readonly columns: number; readonly rows: number }): Promise<void>;
  /** Exit code; resolves when the process has ended and its output was read (`resume()` a stream that nobody wants). */
  readonly exit: Promise<number>;
  /** Leave the process alone and close the streams. */
  detach(): void;
}

/** Processes in running containers. */
export interface ExecEngine {
  exec(container: EngineId, spec: ExecSpec, signal?: AbortSignal): Promise<ExecProcess>;
  /** Run to the end and collect the output, at most 1 MiB of each stream. */
  run(container: EngineId, spec: Omit<ExecSpec, "tty" | "stdin">, signal?: AbortSignal): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;
}

/** Starts programs by a running container's own pid 1, as its user, which is much faster than to have the engine join it. */
export interface InitStarter {
  /** `undefined` when nothing was started and the engine has to. @throws AppError `ENGINE_FAILED` when it is not known whether it runs */
  start(spec: Omit<ExecSpec, "tty">): Promise<ExecProcess | undefined>;
}

/** An image to build from a context, and the name that it gets. */
export interface BuildRequest {
  /** Uncompressed tar of the build context. */
  readonly context: Readable;
  /** Path of the Dockerfile inside the context. */
  readonly dockerfile: string;
  readonly reference: string;
  readonly args: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** A container whose network its steps have, and no other; else that of the engine. */
  readonly network?: EngineId;
}

/** What an image says of how it is meant to be run. None of it is carried out by itself. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Paths for which the engine would make a volume. */
  readonly volumes: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** What the image of a container's files is called, and says of itself; anything else it says is that of the container. */
export interface CommitRequest {
  readonly reference: string;
  /** These win over the container's. */
  readonly labels: Readonly<Record<string, string>>;
  /** Whom the image names as its user. */
  readonly user: string;
}

/** One image of an engine. */
export interface ImageSummary {
  readonly id: EngineId;
  /** What it was made from, where the engine says so. */
  readonly parent?: EngineId;
  /** Its names, if it has any. */
  readonly references: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** In milliseconds since 1970. */
  readonly createdAt: number;
}

/** Images. `progress` receives one line of text at a time. */
export interface ImageEngine {
  /** Full id of the image with this reference or id; `undefined` when there is none. */
  findImage(reference: string): Promise<EngineId | undefined>;
  /** Rejects with `IMAGE_UNAVAILABLE` when no registry gives it. */
  pull(reference: string, progress: (line: string) => void, signal: AbortSignal): Promise<EngineId>;
  /** Make an image of one layer from an uncompressed tar of a root file system. */
  importRootfs(rootfs: Readable, reference: string, signal: AbortSignal): Promise<EngineId>;
  /** Rejects with `BUILD_FAILED` and the last lines of output in `details.output`. */
  build(request: BuildRequest, progress: (line: string) => void, signal: AbortSignal): Promise<EngineId>;
  /** Make an image of the files of a container that does not run; what is mounted in it stays out. Resolves with its id. */
  commit(container: EngineId, request: CommitRequest): Promise<EngineId>;
  /** Rejects with `IMAGE_UNAVAILABLE` when there is no such image. */
  imageConfig(image: EngineId): Promise<ImageConfig>;
  /** One file of an image as bytes, taken without running anything of it. */
  readFile(image: EngineId, path: string): Promise<Buffer>;
  /** All images that carry this label, those without a name too. */
  listImages(label: string): Promise<readonly ImageSummary[]>;
  /** Take a name from an image, which goes when nothing needs it. Rejects with `ENGINE_FAILED` where a container is made of it. */
  removeImage(reference: string): Promise<void>;
}

/** Named volumes. */
export interface VolumeEngine {
  /** With a size it holds no more, where the engine can bound it. */
  createVolume(name: string, labels: Readonly<Record<string, string>>, sizeBytes?: number): Promise<void>;
  /** Resolves when it is gone, also if it never was. */
  removeVolume(name: string): Promise<void>;
  listVolumes(labels: readonly string[]): Promise<readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[]>;
}

/** Why the engine cannot bound what a container writes into its own files, and what a volume holds; absent where it can. */
export interface DiskLimits {
  readonly noLayer?: string;
  readonly noVolumes?: string;
}

/** What of the disk an engine can bound. */
export interface DiskEngine {
  /** Tried with a container of this image, once. Rejects with `ENGINE_UNREACHABLE`. */
  diskLimits(image: EngineId): Promise<DiskLimits>;
}

/** What a container uses now; processor time is that of its whole life. */
export interface ContainerUsage {
  readonly cpuNanoseconds: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly pids: number;
}

/** How much containers use. */
export interface UsageEngine {
  /** `undefined` when it does not run, or there is none. */
  usage(container: EngineId): Promise<ContainerUsage | undefined>;
}

/** What the engine is and what it can do. */
export interface EngineInfo {
  readonly name: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly endpoint: string;
  readonly architecture: string;
  /** Whether ids inside are others on the host. "perhaps": it does not say, only a container of it tells. */
  readonly remaps: false | "rootless" | "userns" | "perhaps";
}

/** All that sbx wants of a container engine; most callers take one of its parts. */
export type Engine = ContainerEngine & ExecEngine & ImageEngine & VolumeEngine & DiskEngine & UsageEngine & { readonly info: EngineInfo };
