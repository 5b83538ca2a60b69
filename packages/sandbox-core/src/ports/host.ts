import type { NetworkState, PublishPort, SandboxId, WorkspaceMount, WorkspaceNotice, WorkspaceReport } from "@sbx/contracts";
import type { KitLayer } from "../kit/profile.ts";
import type { IdView } from "../sandbox/id-view.ts";
import type { SandboxRecord } from "../sandbox/sandbox-record.ts";
import type { EngineId, InitStarter, Mount } from "./engine.ts";

/** Makes images, each once, kept by the content of its recipe. `progress` gets one line at a time. */
export interface ImageMaker {
  gate(progress: (line: string) => void, signal: AbortSignal): Promise<EngineId>;
  /** With `docker`, the image has Docker's command line, which finds the sandbox's socket at its usual place. */
  agent(
    recipe: {
      readonly name: string;
      readonly directory: string;
      readonly dockerfile: string;
      readonly args?: Readonly<Record<string, string>>;
      readonly layers?: readonly KitLayer[];
      readonly docker?: boolean;
    },
    progress: (line: string) => void,
    signal: AbortSignal,
  ): Promise<EngineId>;
}

/** The daemon's end of a pod. Disposing closes the listeners: nothing gets out any more. */
export interface PodLink extends AsyncDisposable {
  /** Host path of the directory that is bound into the gate. */
  readonly socketDirectory: string;
  state(): NetworkState;
  /** Resolves when the gate has handed over its listeners. Rejects with `POD_FAILED` or the signal's reason. */
  ready(signal: AbortSignal): Promise<void>;
}

/** The daemon's end of a pod whose workload has a first process of ours. */
export interface WorkloadLink extends PodLink {
  /** Who starts programs in the workload, which must run; `undefined` where that is the engine. */
  starter(): Promise<InitStarter | undefined>;
}

/** Opens the daemon's end of sandboxes' networks; the caller owns each link it gets and disposes of it. */
export interface PodNetwork {
  /** Wait for the gate of this sandbox: a new one, or with `resume` the one that runs already. */
  open(sandbox: PodPlace & { readonly name: string; readonly resume: boolean }): Promise<WorkloadLink>;
  /** Wait for the gate of a pod that is nobody's yet: nothing gets out of it before it is given to the sandbox of its id. */
  openSpare(place: PodPlace): Promise<SparePodLink>;
}

/** Where a sandbox's pod is. */
export interface PodPlace {
  readonly id: SandboxId;
  /** What its containers call themselves; beside the sandbox's name it is the pod's own name. */
  readonly hostname: string;
  /** The pod's own directory on the host. */
  readonly directory: string;
}

/** The daemon's end of a pod that is given once, to the sandbox that has its id. */
export interface SparePodLink extends WorkloadLink {
  /** @throws Error when it was given before */
  give(sandbox: { readonly name: string }): void;
}

/** Ports of sandboxes at this machine's loopback. A sandbox has no way to ask for one. */
export interface PortPublisher {
  /** Publish ports of a running sandbox, those of them that it has already left as they are. @throws AppError `PORT_TAKEN` */
  open(record: SandboxRecord, ports: readonly PublishPort[]): Promise<void>;
  /** Publish again what was, for a workload that runs already. Never rejects: a fault is recorded. */
  resume(record: SandboxRecord): Promise<void>;
  /** Take all of them back, for a sandbox that stops. */
  close(id: SandboxId): Promise<void>;
}

/** The Docker APIs of the sandboxes that have one; for others every method does nothing. */
export interface DockerSockets {
  /**
   * Begin to answer, before the workload is made. `workspace` are the mounts that it has of the workspace.
   *
   * @returns what the workload is to be shown: always the same for a sandbox
   */
  start(record: SandboxRecord, workspace: readonly Mount[]): Promise<readonly Mount[]>;
  /** Answer again for a workload that runs already. Never rejects: a fault is recorded. */
  resume(record: SandboxRecord): Promise<void>;
  /** End the API and the containers that the agent started, which stay. Resolves when none of them runs. */
  stop(record: SandboxRecord): Promise<void>;
  /** End the API, and remove what the agent made in the engine beside its containers. */
  remove(record: SandboxRecord): Promise<void>;
  /** For how many milliseconds nobody has used the API: 0 while a request or a stream is open, infinite where there is none. */
  unusedMs(id: SandboxId): number;
}

/** A directory into which a container of any id may write, to see who that is on the host. Disposing removes it. */
export interface IdProbe extends AsyncDisposable {
  /** Host path, bound into the container. */
  readonly directory: string;
  /** Who owns a file in it; `undefined` when there is none. */
  ownerOf(name: string): Promise<{ readonly uid: number; readonly gid: number } | undefined>;
}

/** Files that the daemon holds for a sandbox: never in a place that a sandbox can write. */
export interface SandboxFiles {
  /** The pod's own directory, made once and never replaced while its gate lives. */
  podDirectory(id: SandboxId): Promise<string>;
  /** Directory for the workspace's copies, mounts and journal. */
  workspaceDirectory(id: SandboxId): Promise<string>;
  /** Write a file, readable by all, writable by the daemon alone; the path is stable for a name. */
  write(id: SandboxId, name: string, content: string): Promise<string>;
  /** Whether every file of these names is there that was written. */
  has(id: SandboxId, names: readonly string[]): Promise<boolean>;
  /** Path of the session holder's program, taken out of the gate's image. */
  holdProgram(gateImage: EngineId): Promise<string>;
  /** Keep a program for all sandboxes, readable and executable by all; a name has one content for ever. */
  program(name: string, content: string): Promise<string>;
  idProbe(id: SandboxId): Promise<IdProbe>;
  remove(id: SandboxId): Promise<void>;
  /** Remove what was kept for sandboxes that are not in `keep`, after a crash. */
  sweep(keep: ReadonlySet<string>): Promise<void>;
}

/** Authorities in whose name the wall answers TLS to a sandbox, one for each that needs one. Their keys never leave the daemon. */
export interface SandboxAuthorities {
  /**
   * What programs of a sandbox are to trust, in PEM: what its image has, or the public authorities where that has none, and the
   * sandbox's own, which is made where there is none yet.
   */
  bundle(id: SandboxId, image: string | undefined): Promise<string>;
}

/** A workspace that may be used, as it really lies on the host. */
export interface CheckedWorkspace {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
}

/** What a sandbox wants to see of the host, what of it to hide, and which protected paths it may write all the same. */
export interface WorkspaceRequest {
  readonly id: SandboxId;
  /** Where copies, mounts and the journal are kept. */
  readonly directory: string;
  readonly workspace: string;
  readonly extra: readonly WorkspaceMount[];
  readonly hide: readonly string[];
  readonly allowWrite: readonly string[];
  /** Protected paths that the agent's profile adds. */
  readonly protect: readonly string[];
  /** Ids that the workload is to have inside; where they cannot be given, and without them, it has those of the workspace's owner. */
  readonly as?: { readonly uid: number; readonly gid: number };
  /** What the engine's ids are on the host; without it they are the same. */
  readonly ids?: IdView;
}

/** The host's side of a workspace, ready to be mounted: mounts, the workload's ids, and what the person should know. */
export interface PreparedWorkspace {
  /** In the order in which they must be mounted. */
  readonly mounts: readonly Mount[];
  /** Ids of the workload inside, never 0; on the host never 0 either. */
  readonly user: { readonly uid: number; readonly gid: number };
  readonly protected: readonly string[];
  readonly hidden: readonly string[];
  readonly notices: readonly WorkspaceNotice[];
  /** Paths in the container whose identity {@link WorkspaceHost.verify} must see before an agent runs. */
  readonly checkpoints: readonly string[];
}

/** The host's side of a workspace. Every method rejects with `WORKSPACE_INVALID` or `WORKSPACE_UNSAFE`. */
export interface WorkspaceHost {
  check(path: string): Promise<CheckedWorkspace>;
  /** Make what the mounts need, before every start. */
  prepare(request: WorkspaceRequest): Promise<PreparedWorkspace>;
  /** Compare what `hold stat` said inside with what was prepared. */
  verify(request: WorkspaceRequest, statLines: string): Promise<void>;
  /** Unmount and take our litter away, also after a crash. */
  release(request: Pick<WorkspaceRequest, "id" | "directory">): Promise<void>;
  /** Note the state from which {@link report} tells the changes. */
  snapshot(request: WorkspaceRequest): Promise<void>;
  report(request: WorkspaceRequest): Promise<WorkspaceReport>;
  /** The person's name and address for commits, from a file in git's form where one is named. What is not set is absent. */
  gitIdentity(file?: string): Promise<{ readonly name?: string; readonly email?: string }>;
}
