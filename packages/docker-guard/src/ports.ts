import type { Duplex, Readable } from "node:stream";
import type { ContainerPodId, Json } from "@sbx/contracts";
import type { ChildNetwork, ChildPlace, ChildPod, EngineId, KnownChild, PublishedPort } from "@sbx/core";

export type { ChildNetwork, ChildPlace, ChildPod, KnownChild, PublishedPort } from "@sbx/core";

/** A body that is sent as it comes. Its pieces are nobody's once they are sent, and their memory is freed then. */
export interface TarBody {
  readonly tar: Readable;
}

/** One call of the engine's API, written by the guard. */
export interface EngineRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Segments of the path below the version, each encoded by the client. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Json | TarBody;
  readonly signal?: AbortSignal;
}

/** What the guard says of the engine to others. */
export interface EngineFacts {
  readonly apiVersion: string;
  readonly version: string;
  readonly architecture: string;
  readonly kernel: string;
  /** Processors and memory of its host. */
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Where the engine keeps its own files; absent where it does not say. */
  readonly dataRoot?: string;
}

/** An answer of the engine, read whole. */
export interface EngineReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `undefined` when it is no JSON. */
  readonly body: unknown;
  /** What `body` was read of, where something was only asked: two that are equal say the same. */
  readonly bytes?: Buffer;
}

/** The engine, as raw as the guard needs it: only the guard's own words go in. Rejects with `ENGINE_UNREACHABLE`. */
export interface GuardEngine {
  readonly facts: EngineFacts;
  /** A failure is an answer too. */
  call(request: EngineRequest): Promise<EngineReply>;
  /** Answer as a stream, once its head is there. */
  stream(request: EngineRequest): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Readable }>;
  /** A stream in both directions. Rejects with an `EngineRefused` when the engine gives none. */
  hijack(request: EngineRequest): Promise<Duplex>;
}

/** The pods of an agent's containers: each has a gate and a policy of its own. */
export interface GuardPods {
  /**
   * The children that there are, told before any other call: their pods are taken back as they are, those of others of
   * this sandbox are taken away. A pod that cannot be taken back reaches nothing until it is ready again.
   *
   * @returns the ports of those that run, which are the same as before
   */
  resume(children: readonly KnownChild[]): Promise<ReadonlyMap<ContainerPodId, readonly PublishedPort[]>>;
  /** A client uses the API: what takes long may be made ready. Called for every request. */
  expect(): void;
  /**
   * Choose where a child will be that may have any host name: in a pod that is ready already, or at this place. Disposing
   * gives it back where no child was opened there.
   */
  reserve(place: ChildPlace): ChildPlace & AsyncDisposable;
  /** Make its gate, which may not run yet. @returns the full id of its container */
  open(child: ChildPod): Promise<EngineId>;
  /**
   * Called before every start: resolves when the pod's gate runs and has handed over, and the ports are published.
   * `hostPort` 0 is any. What is published from an earlier start stays as it is. Rejects when a port is taken.
   */
  ready(child: ContainerPodId, ports: readonly PublishedPort[]): Promise<readonly PublishedPort[]>;
  /** The child is in these networks from now on, whether it runs or not. Resolves when names and connections follow. */
  rejoin(child: ContainerPodId, networks: readonly ChildNetwork[]): Promise<void>;
  /**
   * Serve a port of the agent's `localhost` by the guard itself; 0 is any. What connects is the server's to end. Rejects
   * when the port is taken.
   */
  listen(port: number, serve: (connection: Duplex) => void): Promise<GuardListener>;
  /** The child has another name from now on. */
  rename(child: ContainerPodId, name: string): Promise<void>;
  /** Take gate and policy away. Resolves when they are gone, also if they never were. */
  close(child: ContainerPodId): Promise<void>;
}

/** A port of the agent's `localhost` that the guard serves itself. Disposing ends it; its connections are ended by who serves them. */
export interface GuardListener extends AsyncDisposable {
  readonly port: number;
}

/** What the guard asks the engine to bind. */
export interface BindMount {
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
  /** It stands over a socket or pipe, which there may be more of at the next start. */
  readonly masks?: true | undefined;
}

/** The only paths of the host that a child can be shown. */
export interface GuardBinds {
  /**
   * All mounts that show a child these paths of the workspace, protected paths included, in their order. Asked when it is
   * made, and again before each start with the same binds, which has the same sources: what they show is found anew, and
   * no source is a path that a sandbox could replace by a link.
   *
   * @throws AppError `WORKSPACE_INVALID`, `WORKSPACE_UNSAFE` for a path that may not be bound
   */
  mount(child: ContainerPodId, binds: readonly BindMount[]): Promise<readonly BindMount[]>;
  /** The child is gone, and what was held for its mounts with it. Resolves also where nothing was. */
  release(child: ContainerPodId): Promise<void>;
}

/** An image that a sandbox may see and run. */
export interface SharedImage {
  readonly id: EngineId;
  /** As the agent names it: "debian:12". */
  readonly tags: readonly string[];
}

/** A layer of an image in a registry. */
export interface RemoteLayer {
  /** "sha256:…" of its bytes as they come, packed or not. The guard looks whether that is so. */
  readonly digest: string;
  readonly bytes: number;
  /** Rejects with an AppError. */
  readonly open: (signal: AbortSignal) => Promise<Readable>;
}

/** An image that a registry has. Disposing closes what is open to it. */
export interface RemoteImage extends AsyncDisposable {
  /** Of the manifest, or of the list of manifests, that was asked for. */
  readonly digest: string;
  /** Its configuration, which is what its digest says. */
  readonly config: Uint8Array;
  readonly layers: readonly RemoteLayer[];
}

/** An image that is given to a registry. */
export interface ImageToPush {
  readonly config: Uint8Array;
  /** In their order, each a plain tar; read when it is its turn. */
  readonly layers: readonly { readonly diffId: string; readonly open: () => Promise<Readable> }[];
}

/** How far a layer is: how many bytes of all have gone, or that it was there. */
export type PushProgress = (diffId: string, step: { readonly bytes: number } | "there" | "done") => void;

/**
 * Which of the engine's images a sandbox has, and which it may bring from a registry or give to one. Rules of their own
 * say so. What they do not allow rejects with an AppError `EGRESS_DENIED` before anybody was asked; other AppErrors are
 * told to the client, too.
 */
export interface GuardImages {
  list(): Promise<readonly SharedImage[]>;
  /** Find an image for this system. `reference` has a tag or a digest. */
  pull(reference: string, platform: { readonly architecture: string }, signal: AbortSignal): Promise<RemoteImage>;
  /** Decide whether an image may be given to a registry under this name; nothing is sent yet. */
  push(reference: string, signal: AbortSignal): Promise<Pushing>;
}

/** A push that a rule allows. Disposing closes what is open to the registry. */
export interface Pushing extends AsyncDisposable {
  readonly send: (image: ImageToPush, progress: PushProgress, signal: AbortSignal) => Promise<{ readonly digest: string; readonly bytes: number }>;
}
