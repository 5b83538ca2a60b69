import type { RecordEvent, SandboxId, SessionId } from "@sbx/contracts";
import type { AgentProfile } from "../kit/profile.ts";
import type { ExecProcess } from "../ports/engine.ts";
import type { SandboxStore } from "../ports/store.ts";
import type { LiveSandbox } from "../sandbox/sandbox-parts.ts";
import type { SessionRunner } from "./session-runner.ts";

/** What there is to know of a session, and to tell it, beside its process. */
export interface StreamsOf {
  /** The session's code as a whole, where that is known. */
  readonly exitCode: () => number | undefined;
  /** Called when there is no client any more, or none came, while the process runs. */
  readonly left?: () => void;
}

/** Carries the output of sessions with three separate streams to their client, and keeps the last of it. */
export interface SessionStreams {
  /** Take over what the process prints. */
  keep(session: SessionId, process: ExecProcess, of: StreamsOf): void;
  /** The last output as text; "" when nothing is kept. */
  log(session: SessionId): string;
  /** Keep nothing of this session any more. */
  drop(session: SessionId): void;
}

/** Everything that sessions need of the world. */
export interface SessionParts {
  /** Rejects with `ENGINE_UNREACHABLE` while there is no engine. */
  readonly runner: () => Promise<SessionRunner>;
  readonly streams: SessionStreams;
  readonly store: SandboxStore;
  readonly record: RecordEvent;
  readonly now: () => Date;
  readonly newId: () => SessionId;
  /** @throws AppError `SANDBOX_NOT_FOUND` */
  readonly sandbox: (id: SandboxId) => LiveSandbox;
  readonly profile: (live: LiveSandbox) => Promise<AgentProfile>;
  /** Note the state of the workspace from which the changes of a run are told. */
  readonly snapshot: (live: LiveSandbox) => Promise<void>;
  /** For how many milliseconds nobody has used what else the sandbox offers: 0 while it is used, infinite where it offers nothing. */
  readonly unusedMs: (id: SandboxId) => number;
  /** Stop a sandbox that has had no session, and has not been used otherwise, for `idleStopMs`; `unless` is asked again when it is about to be. */
  readonly stop: (live: LiveSandbox, unless: () => boolean) => Promise<void>;
  readonly idleStopMs: number;
  /** Told of work that nobody waits for and that failed. */
  readonly onFault: (error: unknown) => void;
}
