import { AppError, type OpenSession, type SandboxId } from "@sbx/contracts";
import type { ExecProcess } from "../ports/engine.ts";
import type { LiveSandbox } from "../sandbox/sandbox-parts.ts";
import type { SessionRecord } from "../sandbox/sandbox-record.ts";
import { awaitEnd } from "./await-end.ts";
import { claimedSessions } from "./claimed-sessions.ts";
import { Deadlines } from "./deadlines.ts";
import { DEADLINE_EXIT, KILLED_EXIT, NOT_STARTED_EXIT } from "./exit-codes.ts";
import type { SessionOnDisk } from "./hold-program.ts";
import { IdleStop } from "./idle-stop.ts";
import { KeptStreams } from "./kept-streams.ts";
import { forgottenSession, newSession, programOf, type ProgramOfSession } from "./new-session.ts";
import { SessionBook } from "./session-book.ts";
import type { SessionParts } from "./session-parts.ts";
import { refuseOtherUser } from "./session-user.ts";
import type { SessionPlace } from "./session-runner.ts";

/** How long an ended session's program may take after SIGTERM before it is killed, and after that to be gone. */
const TERM_GRACE_MS = 5000;

/** What a client joins: the streams that are kept for it, or a viewer of its own on the session's terminal. */
export type JoinedSession = { readonly kind: "streams"; readonly record: SessionRecord } | { readonly kind: "terminal"; readonly record: SessionRecord; readonly process: ExecProcess };

/** The sessions of all sandboxes: opened, joined, watched to their end. */
export class SessionService {
  readonly #parts: SessionParts;
  readonly #book: SessionBook;
  readonly #streams: KeptStreams;
  readonly #deadlines: Deadlines;
  readonly #idle: IdleStop;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#book = new SessionBook(parts);
    this.#streams = new KeptStreams(parts.streams);
    this.#deadlines = new Deadlines({ now: parts.now, expire: (record) => void this.end(record).catch(parts.onFault) });
    this.#idle = new IdleStop({ ...parts, isBusy: (id) => this.running(id).length > 0 });
  }

  /** After a start of the daemon: watch what still runs, note how it ended where it does not, find again what was forgotten. */
  async reconcile(sandboxes: readonly LiveSandbox[]): Promise<void> {
    await Promise.all(
      sandboxes.map(async (live) => {
        const found = live.running ? await this.#list(live) : [];
        this.#adopt(found ?? [], live);
        for (const record of this.running(live.record.id)) this.#takeOver(record, live, found);
        if (live.running) this.idle(live);
      }),
    );
  }

  #adopt(found: readonly SessionOnDisk[], live: LiveSandbox): void {
    const sandbox = live.record.id;
    const claimed = claimedSessions(found, { running: this.running(sandbox), isKnown: (id) => this.#book.has(id) });
    for (const id of claimed) this.#book.put(forgottenSession({ id, sandbox, startedAt: this.#parts.now() }));
  }

  /** `found` is what the sandbox says; without it a session is taken to run, and its end is waited for. */
  #takeOver(record: SessionRecord, live: LiveSandbox, found: readonly SessionOnDisk[] | undefined): void {
    const state = found?.find(({ session }) => session === record.id)?.state;
    if (found === undefined || state?.phase === "running") this.#watch(record, live);
    else this.#ended(record, state?.phase === "ended" ? state.exitCode : KILLED_EXIT);
  }

  /** What the sandbox itself knows of its sessions; `undefined` when it cannot be asked now. */
  async #list({ record: { workload, user } }: LiveSandbox): Promise<readonly SessionOnDisk[] | undefined> {
    if (workload === undefined) return [];
    try {
      return await (await this.#parts.runner()).list({ container: workload, user });
    } catch (error) {
      this.#parts.onFault(error);
      return undefined;
    }
  }

  /** Keep a sandbox from being stopped for idleness while a session is being opened in it. */
  hold<T>(sandbox: SandboxId, work: () => Promise<T>): Promise<T> {
    return this.#idle.hold(sandbox, work);
  }

  /** Begin to count the time without a session; at its end the sandbox is stopped. */
  idle(live: LiveSandbox): void {
    this.#idle.count(live);
  }

  /** @throws AppError `SESSION_NOT_FOUND` */
  get(id: string): SessionRecord {
    return this.#book.get(id);
  }

  of(sandbox: SandboxId): readonly SessionRecord[] {
    return this.#book.of(sandbox);
  }

  running(sandbox: SandboxId): readonly SessionRecord[] {
    return this.#book.running(sandbox);
  }

  /** Start a program in a running sandbox. A terminal session runs by itself from now on, one with streams waits for its client. */
  async open(live: LiveSandbox, request: OpenSession): Promise<SessionRecord> {
    refuseOtherUser(request.user, live.record);
    const { command, env } = await programOf(request, () => this.#parts.profile(live));
    const record = newSession({ id: this.#parts.newId(), sandbox: live.record.id, startedAt: this.#parts.now() }, request, command);
    const first = this.running(live.record.id).length === 0;
    this.#book.put(record);
    try {
      if (first) await this.#parts.snapshot(live);
      await this.#start(record, live, { ...request, env });
    } catch (error) {
      this.#ended(record, NOT_STARTED_EXIT);
      throw error;
    }
    this.#parts.record({ type: "session.started", sandbox: record.sandbox, fields: { session: record.id, kind: record.kind, mode: record.mode, command: (record.command[0] ?? "").slice(0, 200) } });
    this.#watch(record, live);
    return record;
  }

  async #start(record: SessionRecord, live: LiveSandbox, request: Omit<OpenSession, "env"> & Pick<ProgramOfSession, "env">): Promise<void> {
    const runner = await this.#parts.runner();
    const { terminal } = request;
    const given = { ...live.record.request.env, ...request.env };
    const program = { ...placeOf(record, live), command: record.command, workdir: request.workdir ?? live.record.request.workspace };
    if (record.mode === "terminal") {
      const env = { ...given, TERM: terminal?.term ?? "xterm-256color", ...(terminal?.colorTerm === undefined ? {} : { COLORTERM: terminal.colorTerm }) };
      await runner.openTerminal({ ...program, env, size: terminal?.size ?? { columns: 80, rows: 24 } });
      return;
    }
    const process = await runner.startStreams({ ...program, env: given, stdin: request.stdin });
    const left = (): void => void this.end(record).catch(this.#parts.onFault);
    this.#streams.keep(record.id, process, { exitCode: () => this.exitCodeOf(record), ...(request.acp === undefined ? {} : { left }) });
  }

  /**
   * What a client gets that wants to see a session. The process of a terminal is the caller's to detach.
   *
   * @throws AppError `SESSION_NOT_FOUND` when there is none, it has ended, or its streams were lost
   */
  async join(id: string): Promise<JoinedSession> {
    const record = this.get(id);
    const live = this.#parts.sandbox(record.sandbox);
    if (this.#streams.has(record.id)) return { kind: "streams", record };
    if (record.mode === "terminal" && live.running) {
      return { kind: "terminal", record, process: await (await this.#parts.runner()).attachTerminal(placeOf(record, live)) };
    }
    if (record.state.phase === "ended") throw new AppError("SESSION_NOT_FOUND", { message: `The session has ended with code ${record.state.exitCode}`, fix: "Open a new one with: sbx run" });
    throw new AppError("SESSION_NOT_FOUND", {
      message: "The streams of this session were lost with the daemon that held them; it runs on",
      fix: `Wait for its end with: sbx inspect, or read: sbx logs ${record.id}`,
    });
  }

  /** The code that the session has as a whole, once that is known: its deadline counts, not what its program made of it. */
  exitCodeOf({ id }: Pick<SessionRecord, "id">): number | undefined {
    if (this.#deadlines.isPast(id)) return DEADLINE_EXIT;
    const state = this.#book.has(id) ? this.get(id).state : undefined;
    return state?.phase === "ended" ? state.exitCode : undefined;
  }

  async logs(record: SessionRecord): Promise<string> {
    if (this.#streams.has(record.id)) return this.#streams.log(record.id);
    const live = this.#parts.sandbox(record.sandbox);
    if (!live.running) return "";
    return (await this.#parts.runner()).log(placeOf(record, live));
  }

  /** Send the program a signal, by names like "SIGTERM". @throws AppError `USAGE` for one that is not sent */
  async signal(record: SessionRecord, signal: string): Promise<void> {
    const live = this.#parts.sandbox(record.sandbox);
    if (live.running) await (await this.#parts.runner()).signal({ ...placeOf(record, live), signal });
  }

  /** Ask the program to end, then make it. Resolves when it has ended, or cannot be made to. */
  async end(record: SessionRecord): Promise<void> {
    if (this.get(record.id).state.phase === "ended") return;
    await this.signal(record, "SIGTERM");
    if (!this.#parts.sandbox(record.sandbox).running) return;
    if (await this.#book.endsWithin(record.id, TERM_GRACE_MS)) return;
    await this.signal(record, "SIGKILL");
    await this.#book.endsWithin(record.id, TERM_GRACE_MS);
  }

  async endAll(live: LiveSandbox): Promise<void> {
    await Promise.all(this.running(live.record.id).map((record) => this.end(record)));
  }

  /** The sandbox is gone, and so is what is known of its sessions. */
  forget(sandbox: SandboxId): void {
    this.#idle.drop(sandbox);
    for (const id of this.#book.forget(sandbox)) {
      this.#deadlines.drop(id);
      this.#streams.drop(id);
    }
  }

  #watch(record: SessionRecord, live: LiveSandbox): void {
    this.#idle.drop(record.sandbox);
    this.#deadlines.watch(record);
    this.#waitForEnd(record, live)
      .then((code) => {
        this.#ended(record, this.#deadlines.isPast(record.id) ? DEADLINE_EXIT : code);
        this.idle(live);
        return record.kind === "agent" ? this.#endLeftovers(live) : undefined;
      })
      .catch(this.#parts.onFault);
  }

  /** An agent's background programs serve its sessions, and go with the last one. What else runs in the sandbox stays. */
  async #endLeftovers(live: LiveSandbox): Promise<void> {
    const { id, workload, user } = live.record;
    const { leavesRunning } = await this.#parts.profile(live);
    if (leavesRunning.length === 0 || workload === undefined || !live.running || this.running(id).length > 0) return;
    await (await this.#parts.runner()).endLeftovers({ container: workload, user, names: leavesRunning });
  }

  async #waitForEnd(record: SessionRecord, live: LiveSandbox): Promise<number> {
    const { workload } = live.record;
    return (
      (await this.#streams.exitOf(record.id)) ??
      (await awaitEnd({
        now: this.#parts.now,
        ask: async () => (await this.#parts.runner()).waitForEnd(placeOf(record, live)),
        isThere: () => live.running && live.record.workload === workload && this.#book.has(record.id),
      }))
    );
  }

  #ended(record: SessionRecord, exitCode: number): void {
    this.#deadlines.drop(record.id);
    const dropped = this.#book.end(record, exitCode);
    if (dropped === undefined) return;
    this.#parts.record({ type: "session.ended", sandbox: record.sandbox, fields: { session: record.id, exitCode } });
    for (const id of dropped) this.#streams.drop(id);
    this.#streams.prune((id) => this.#book.isRunning(id));
  }
}

function placeOf(record: SessionRecord, live: LiveSandbox): SessionPlace {
  return { container: live.record.workload ?? "", session: record.id, user: live.record.user };
}
