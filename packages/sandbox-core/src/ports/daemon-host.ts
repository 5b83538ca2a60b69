import type { EngineId } from "./engine.ts";

/** The machine on which an engine runs, as the engine tells. What it says proves nothing: it may be another's, of the same name. */
export interface EngineMachine {
  /** The engine's own id, the same for all who ask it. */
  readonly id: string;
  readonly kernel: string;
  readonly hostname: string;
}

/**
 * A container for the daemon itself, which is trusted: it has the network of the engine's machine and the engine's socket.
 * That is why it has a specification of its own: none of a sandbox can ask for either.
 */
export interface DaemonContainerSpec {
  readonly name: string;
  readonly image: EngineId;
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** "uid:gid". */
  readonly user: string;
  readonly groups: readonly number[];
  readonly capabilities: readonly string[];
  /** Paths of the engine's machine that are seen at the same paths. */
  readonly binds: readonly { readonly path: string; readonly readonly: boolean }[];
  readonly volume: { readonly name: string; readonly target: string };
}

/** What an engine does for a daemon that runs beside it. Every method rejects with `ENGINE_UNREACHABLE` or `ENGINE_FAILED`. */
export interface DaemonHost {
  machine(): Promise<EngineMachine>;
  /** Where the files of a volume lie on the engine's machine. */
  volumeDirectory(name: string): Promise<string>;
  createDaemon(spec: DaemonContainerSpec): Promise<EngineId>;
}
