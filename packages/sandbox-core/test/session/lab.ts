import { PassThrough } from "node:stream";
import { AppError, OpenSession, SandboxId, SessionId } from "@sbx/contracts";
import { onTestFinished, vi } from "vitest";
import type { AgentProfile } from "../../src/kit/profile.ts";
import type { ExecProcess } from "../../src/ports/engine.ts";
import type { LiveSandbox } from "../../src/sandbox/sandbox-parts.ts";
import { SandboxRecord, type SessionRecord } from "../../src/sandbox/sandbox-record.ts";
import type { SessionOnDisk } from "../../src/session/hold-program.ts";
import type { SessionParts } from "../../src/session/session-parts.ts";
import type { SessionRunner } from "../../src/session/session-runner.ts";
import { SessionService } from "../../src/session/session-service.ts";

export const sandbox = SandboxId.parse("sbx_aaaaaaaa");
export const IDLE_STOP_MS = 60_000;

/** A running sandbox; it is stopped when the test ends, so that nothing waits for it. */
export function aSandbox(changes: Partial<LiveSandbox["record"]> = {}): LiveSandbox {
  const record: LiveSandbox["record"] = {
    version: 1,
    id: sandbox,
    name: "app",
    createdAt: "2026-01-01T00:00:00.000Z",
    image: "sha256:0",
    workload: "workload",
    user: "1000:1000",
    homeDirectory: "/home/agent",
    placeholder: "p",
    modelSource: "none",
    request: SandboxRecord.shape.request.parse({ agent: "shell", workspace: "/srv/app" }),
    profileRules: [],
    profileProtect: [],
    longRunning: false,
    protected: [],
    hidden: [],
    notices: [],
    skipped: [],
    kits: [],
    ready: true,
    ...changes,
  };
  const live: LiveSandbox = { record, pod: undefined, running: true };
  onTestFinished(() => {
    live.running = false;
  });
  return live;
}

export function anExec(changes: Partial<OpenSession> = {}): OpenSession {
  return OpenSession.parse({ kind: "exec", mode: "streams", args: ["make"], ...changes });
}

/** A process that ends when `end` says so. */
export interface LabProcess extends ExecProcess {
  readonly end: PromiseWithResolvers<number>;
}

function aProcess(): LabProcess {
  const end = Promise.withResolvers<number>();
  return { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough(), resize: () => Promise.resolve(), detach: () => undefined, exit: end.promise, end };
}

/** Time that stands still until the test moves it. */
export function stopTime(): void {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
}

export interface Daemon {
  readonly sessions: SessionService;
  readonly stored: Map<SessionId, SessionRecord>;
  /** What the runner was asked for, and when: "wait ses_…", "SIGTERM ses_…". */
  readonly asked: { readonly what: string; readonly at: number }[];
  readonly processes: Map<SessionId, LabProcess>;
  /** What each program was started with. */
  readonly environments: Readonly<Record<string, string>>[];
  readonly stopped: SandboxId[];
  readonly recorded: { readonly type: string; readonly fields: unknown }[];
  /** What is called when the client of a session has gone, for sessions that want to know. */
  readonly leave: Map<SessionId, () => void>;
  /** Sessions whose output is kept. */
  readonly kept: Set<SessionId>;
}

export interface DaemonOptions {
  /** What the sandbox says of its sessions. */
  readonly found?: readonly SessionOnDisk[];
  readonly stored?: Map<SessionId, SessionRecord>;
  readonly parts?: Partial<SessionParts>;
  readonly runner?: Partial<SessionRunner>;
}

/** A daemon's sessions over one sandbox. Its engine ends no wait as it should. */
export function daemonOver(live: LiveSandbox, { found = [], stored = new Map<SessionId, SessionRecord>(), parts = {}, runner = {} }: DaemonOptions = {}): Daemon {
  const daemon: Omit<Daemon, "sessions"> = { stored, asked: [], processes: new Map(), environments: [], stopped: [], recorded: [], kept: new Set(), leave: new Map() };
  const ask = (what: string): void => void daemon.asked.push({ what, at: Date.now() });
  const fake: Partial<SessionRunner> = {
    list: () => Promise.resolve(found),
    waitForEnd: ({ session }) => {
      ask(`wait ${session}`);
      return Promise.reject(new AppError("ENGINE_FAILED", { message: "the engine is away", fix: "Wait." }));
    },
    startStreams: ({ session, env }) => {
      daemon.environments.push(env);
      const process = aProcess();
      daemon.processes.set(session, process);
      return Promise.resolve(process);
    },
    openTerminal: ({ env }) => {
      daemon.environments.push(env);
      return Promise.resolve();
    },
    endLeftovers: ({ container, user, names }) => {
      ask(`end ${names.join()} of ${user} in ${container}`);
      return Promise.resolve();
    },
    signal: ({ session, signal }) => {
      ask(`${signal} ${session}`);
      return Promise.resolve(true);
    },
    ...runner,
  };
  let made = 0;
  const sessions = new SessionService({
    runner: () => Promise.resolve(fake as SessionRunner),
    streams: {
      keep: (session, _process, { left }) => {
        daemon.kept.add(session);
        if (left !== undefined) daemon.leave.set(session, left);
      },
      log: (session) => `output of ${session}`,
      drop: (session) => void daemon.kept.delete(session),
    },
    store: {
      sessions: () => [...stored.values()],
      putSession: (record) => void stored.set(record.id, record),
      removeSession: (id) => void stored.delete(id),
      sandboxes: () => [],
      putSandbox: () => undefined,
      removeSandbox: () => undefined,
    },
    record: ({ type, fields }) => void daemon.recorded.push({ type, fields }),
    now: () => new Date(),
    newId: () => SessionId.parse(`ses_${String((made += 1)).padStart(8, "0")}`),
    sandbox: () => live,
    profile: () =>
      Promise.resolve({
        launch: (_mode, args) => ["agent", ...args],
        leavesRunning: ["hub"],
        acp: [{ agent: "thing", command: ["thing-acp", "--x"], env: { A: "of the Kit", B: "of the Kit" } }],
      } as Partial<AgentProfile> as AgentProfile),
    snapshot: () => Promise.resolve(),
    stop: async (one, unless) => {
      if (!unless()) daemon.stopped.push(one.record.id);
      return Promise.resolve();
    },
    unusedMs: () => Number.POSITIVE_INFINITY,
    idleStopMs: IDLE_STOP_MS,
    onFault: (error) => {
      throw error;
    },
    ...parts,
  });
  return { ...daemon, sessions };
}
