/** What one sandbox may have of the engine at once. */
export interface GuardLimits {
  readonly containers: number;
  readonly volumes: number;
  readonly networks: number;
  /** Images that it made or brought, and as many names; steps of builds count, and make room when there is none. */
  readonly images: number;
  /** What the layers of those images take on disk. */
  readonly imageBytes: number;
  /** Archives, contexts and images that are being sent at once. */
  readonly uploads: number;
  /** Builds at once, and how long one may take. */
  readonly builds: number;
  readonly buildMs: number;
  /** Processes started by exec that have not ended, or have not been started yet. */
  readonly execs: number;
  /** Streams that are open: attach, exec, logs, events, stats, waits. */
  readonly streams: number;
  /** Connections to the guard. */
  readonly connections: number;
  /** Most that one container gets, and what it gets when it asks for nothing. */
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly pids: number;
  /** Most that all that run get together; infinite where nothing is said. */
  readonly totalMemoryBytes: number;
  readonly totalCpus: number;
  readonly totalPids: number;
}

/** Enough for a test suite with its databases; an engine on a laptop does not notice it. */
export const GUARD_LIMITS: GuardLimits = {
  containers: 32,
  volumes: 64,
  networks: 32,
  images: 256,
  imageBytes: 16 * 2 ** 30,
  uploads: 4,
  builds: 2,
  buildMs: 3_600_000,
  execs: 64,
  streams: 128,
  connections: 256,
  memoryBytes: 4 * 2 ** 30,
  cpus: 4,
  pids: 2048,
  totalMemoryBytes: Number.POSITIVE_INFINITY,
  totalCpus: Number.POSITIVE_INFINITY,
  totalPids: Number.POSITIVE_INFINITY,
};
