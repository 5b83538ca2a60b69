import type { Duplex } from "node:stream";
import { AppError, type OpenSession, type RecordEvent, type SandboxId, type SessionId } from "@sbx/contracts";
import type { AgentProfile, LiveSandbox, SandboxStore, SessionOnDisk, SessionRecord, SessionRunner } from "@sbx/core";
import { attachProcess, refuse } from "./attach-process.ts";
import { StreamsSession } from "./streams-session.ts";

/** How long an ended session's program may take after SIGTERM before it is killed. */
const TERM_GRACE_MS = 5000;
/** Exit code of a session whose program was killed, or of which nobody knows how it ended. */
const KILLED_EXIT = 137;
/** Ended sessions that are remembered for each sandbox, and whose streams' output is kept for `sbx logs` altogether. */
const KEPT_SESSIONS = 50;
const KEPT_LOGS = 32;
/** How long to wait before the engine is asked again about a session: twice as long each time, up to the longest. */
const ENGINE_PAUSE_MS = 500;
const LONGEST_ENGINE_PAUSE_MS = 30_000;
/** Sessions that a sandbox may claim of which nothing is known here: its agent can write any number of them. */
const MAX_CLAIMED = 32;
/** Timers hold no longer time than this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Exit code of a session that was ended by its deadline, as timeout(1) has it. */
const DEADLINE_EXIT = 124;

export interface SessionParts {
  readonly runner: () => Promise<SessionRunner>;
  readonly store: SandboxStore;
  readonly record: RecordEvent;
  readonly now: () => Date;
  readonly newId: () => SessionId;
  readonly sandbox: (id: SandboxId) => LiveSandbox;
  readonly profile: (live: LiveSandbox) => Promise<AgentProfile>;
  /** Note the state of the workspace from which the changes of a run are told. */
  readonly snapshot: (live: LiveSandbox) => Promise<void>;
  /** Stop a sandbox that has had no session for `idleStopMs`; `unless` is asked again when it is about to be. */
  readonly stop: (live: LiveSandbox, unless: () => boolean) => Promise<void>;
  readonly idleStopMs: number;
  /** Told of work that nobody waits for and that failed. */
  readonly onFault: (error: unknown) => void;
}

/** The sessions of all sandboxes: opened, joined, watched to their end. */
export class SessionService {
  readonly #parts: SessionParts;
  readonly #records = new Map<SessionId, SessionRecord>();
  readonly #streams = new Map<SessionId, StreamsSession>();
  readonly #deadlines = new Map<SessionId, NodeJS.Timeout>();
  readonly #idle = new Map<SandboxId, NodeJS.Timeout>();
  readonly #expired = new Set<SessionId>();
  /** Sandboxes in which a session is about to be opened, and how many. */
  readonly #opening = new Map<SandboxId, number>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
    for (const record of parts.store.sessions()) this.#records.set(record.id, record);
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

  /** Remember what a sandbox says that it runs, as far as there is room beside what was taken from its word before. */
  #adopt(found: readonly SessionOnDisk[], live: LiveSandbox): void {
    const unknown = found.filter(({ session, state }) => state.phase === "running" && !this.#records.has(session));
    const claimed = this.running(live.record.id).filter(({ command }) => command.length === 0).length;
    for (const { session } of unknown.slice(0, Math.max(0, MAX_CLAIMED - claimed))) this.#put(this.#forgotten(session, live));
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

  /** A session that runs and of which nothing was remembered: it keeps its sandbox running, and can be joined. */
  #forgotten(id: SessionId, live: LiveSandbox): SessionRecord {
    return { version: 1, id, sandbox: live.record.id, kind: "agent", mode: "terminal", command: [], startedAt: this.#parts.now().toISOString(), state: { phase: "running" } };
  }

  /** Keep a sandbox from being stopped for idleness while a session is being opened in it. */
  async hold<T>(sandbox: SandboxId, work: () => Promise<T>): Promise<T> {
    this.#opening.set(sandbox, (this.#opening.get(sandbox) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.#opening.get(sandbox) ?? 1) - 1;
      if (left > 0) this.#opening.set(sandbox, left);
      else this.#opening.delete(sandbox);
    }
  }

  /** @throws AppError `SESSION_NOT_FOUND` */
  get(id: string): SessionRecord {
    const record = this.#records.get(id as SessionId);
    if (record !== undefined) return record;
    throw new AppError("SESSION_NOT_FOUND", { message: `There is no session "${id}"`, fix: "List sandboxes and their sessions with: sbx ls" });
  }

  of(sandbox: SandboxId): readonly SessionRecord[] {
    return [...this.#records.values()].filter((record) => record.sandbox === sandbox);
  }

  running(sandbox: SandboxId): readonly SessionRecord[] {
    return this.of(sandbox).filter(({ state }) => state.phase === "running");
  }

  /** Start a program in a running sandbox. A terminal session runs by itself from now on, one with streams waits for its client. */
  async open(live: LiveSandbox, request: OpenSession): Promise<SessionRecord> {
    const profile = await this.#parts.profile(live);
    const command = request.kind === "exec" ? request.args : profile.launch(request.mode === "terminal" ? "interactive" : "headless", request.args);
    if (command.length === 0) throw new AppError("USAGE", { message: "There is no command to run", fix: "Name a command, for example: sbx exec NAME ls -la" });
    const record: SessionRecord = {
      version: 1,
      id: this.#parts.newId(),
      sandbox: live.record.id,
      kind: request.kind,
      mode: request.mode,
      command: [...command],
      startedAt: this.#parts.now().toISOString(),
      state: { phase: "running" },
      ...(request.deadlineMs === undefined ? {} : { deadlineAt: new Date(this.#parts.now().getTime() + request.deadlineMs).toISOString() }),
    };
    const first = this.running(live.record.id).length === 0;
    this.#put(record);
    try {
      if (first) await this.#parts.snapshot(live);
      await this.#start(record, { live, request });
    } catch (error) {
      this.#ended(record, 125);
      throw error;
    }
    this.#parts.record({ type: "session.started", sandbox: record.sandbox, fields: { session: record.id, kind: record.kind, mode: record.mode, command: (record.command[0] ?? "").slice(0, 200) } });
    this.#watch(record, live);
    return record;
  }

  async #start(record: SessionRecord, { live, request }: { readonly live: LiveSandbox; readonly request: OpenSession }): Promise<void> {
    const runner = await this.#parts.runner();
    const { terminal } = request;
    const place = { ...this.#place(record, live), command: record.command, workdir: request.workdir ?? live.record.request.workspace };
    if (record.mode === "terminal") {
      const env = { ...request.env, TERM: terminal?.term ?? "xterm-256color", ...(terminal?.colorTerm === undefined ? {} : { COLORTERM: terminal.colorTerm }) };
      await runner.openTerminal({ ...place, env, size: terminal?.size ?? { columns: 80, rows: 24 } });
      return;
    }
    const process = await runner.startStreams({ ...place, env: request.env, stdin: request.stdin });
    this.#streams.set(record.id, new StreamsSession(process, () => this.#exitCodeOf(record.id)));
  }

  #place(record: SessionRecord, live: LiveSandbox): { readonly container: string; readonly session: SessionId; readonly user: string } {
    return { container: live.record.workload ?? "", session: record.id, user: live.record.user };
  }

  /** Give a client its session: frames both ways until the session ends or the client leaves. */
  async attach(id: string, connection: Duplex): Promise<void> {
    try {
      const record = this.get(id);
      const live = this.#parts.sandbox(record.sandbox);
      const signal = (name: string): Promise<void> => this.#signal(record, name);
      const streams = this.#streams.get(record.id);
      if (streams !== undefined) {
        streams.attach(connection, signal);
        return;
      }
      const runner = await this.#parts.runner();
      if (record.mode === "terminal" && live.running) {
        const process = await runner.attachTerminal(this.#place(record, live));
        if (connection.destroyed) process.detach();
        else attachProcess(process, { connection, signal, exitCode: () => this.#exitCodeOf(record.id) });
        return;
      }
      if (record.state.phase === "ended") throw new AppError("SESSION_NOT_FOUND", { message: `The session has ended with code ${record.state.exitCode}`, fix: "Open a new one with: sbx run" });
      throw new AppError("SESSION_NOT_FOUND", {
        message: "The streams of this session were lost with the daemon that held them; it runs on",
        fix: `Wait for its end with: sbx inspect, or read: sbx logs ${record.id}`,
      });
    } catch (error) {
      refuse(connection, error);
    }
  }

  /** The code that the session has as a whole, once that is known: its deadline counts, not what its program made of it. */
  #exitCodeOf(id: SessionId): number | undefined {
    const state = this.#records.get(id)?.state;
    if (state?.phase === "ended") return state.exitCode;
    return this.#expired.has(id) ? DEADLINE_EXIT : undefined;
  }

  async logs(record: SessionRecord): Promise<string> {
    const streams = this.#streams.get(record.id);
    if (streams !== undefined) return streams.log();
    const live = this.#parts.sandbox(record.sandbox);
    if (!live.running) return "";
    return (await this.#parts.runner()).log(this.#place(record, live));
  }

  /** Ask the program to end, then make it. Resolves when it has ended. */
  async end(record: SessionRecord): Promise<void> {
    if (this.get(record.id).state.phase === "ended") return;
    await this.#signal(record, "SIGTERM");
    if (!this.#parts.sandbox(record.sandbox).running) return;
    for (let waited = 0; this.get(record.id).state.phase === "running"; waited += 50) {
      if (waited === TERM_GRACE_MS) await this.#signal(record, "SIGKILL");
      if (waited > 2 * TERM_GRACE_MS) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async endAll(live: LiveSandbox): Promise<void> {
    await Promise.all(this.running(live.record.id).map((record) => this.end(record)));
  }

  /** The sandbox is gone, and so is what is known of its sessions. */
  forget(sandbox: SandboxId): void {
    clearTimeout(this.#idle.get(sandbox));
    this.#idle.delete(sandbox);
    for (const record of this.of(sandbox)) {
      clearTimeout(this.#deadlines.get(record.id));
      this.#deadlines.delete(record.id);
      this.#records.delete(record.id);
      this.#streams.delete(record.id);
      this.#expired.delete(record.id);
    }
  }

  /** Begin to count the time without a session; at its end the sandbox is stopped. */
  idle(live: LiveSandbox): void {
    const { id } = live.record;
    clearTimeout(this.#idle.get(id));
    const isUsed = (): boolean => !live.running || this.#opening.has(id) || this.running(id).length > 0;
    if (live.record.longRunning || this.running(id).length > 0) return;
    const timer = setTimeout(
      () => {
        if (!isUsed()) this.#parts.stop(live, isUsed).catch(this.#parts.onFault);
        else if (this.#opening.has(id)) this.idle(live);
      },
      Math.min(this.#parts.idleStopMs, LONGEST_TIMER_MS),
    );
    this.#idle.set(id, timer.unref());
  }

  async #signal(record: SessionRecord, name: string): Promise<void> {
    const live = this.#parts.sandbox(record.sandbox);
    if (live.running) await (await this.#parts.runner()).signal({ ...this.#place(record, live), signal: name });
  }

  #watch(record: SessionRecord, live: LiveSandbox): void {
    clearTimeout(this.#idle.get(record.sandbox));
    this.#expire(record);
    this.#waitForEnd(record, live)
      .then((code) => {
        this.#ended(record, this.#expired.delete(record.id) ? DEADLINE_EXIT : code);
        this.idle(live);
      })
      .catch(this.#parts.onFault);
  }

  /** End the session when its deadline has come, however far that is. */
  #expire(record: SessionRecord): void {
    if (record.deadlineAt === undefined) return;
    const left = Math.max(0, Date.parse(record.deadlineAt) - this.#parts.now().getTime());
    const timer = setTimeout(
      () => {
        if (left > LONGEST_TIMER_MS) {
          this.#expire(record);
          return;
        }
        this.#expired.add(record.id);
        this.end(record).catch(this.#parts.onFault);
      },
      Math.min(left, LONGEST_TIMER_MS),
    );
    this.#deadlines.set(record.id, timer.unref());
  }

  /** An engine that does not answer for a while ends no session: only the sandbox's own word, or its end, does. */
  async #waitForEnd(record: SessionRecord, live: LiveSandbox): Promise<number> {
    const streams = this.#streams.get(record.id);
    const { workload } = live.record;
    if (streams !== undefined) {
      const code = await streams.exit.catch(() => undefined);
      if (code !== undefined) return code;
    }
    let pause = ENGINE_PAUSE_MS;
    while (live.running && live.record.workload === workload && this.#records.has(record.id)) {
      const asked = performance.now();
      try {
        return await (await this.#parts.runner()).waitForEnd(this.#place(record, live));
      } catch (error) {
        if (AppError.is(error) && error.code === "SESSION_NOT_FOUND") return KILLED_EXIT;
      }
      // One that was waited for as it should be for a while begins anew.
      if (performance.now() - asked > LONGEST_ENGINE_PAUSE_MS) pause = ENGINE_PAUSE_MS;
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(2 * pause, LONGEST_ENGINE_PAUSE_MS);
    }
    return KILLED_EXIT;
  }

  #ended(record: SessionRecord, exitCode: number): void {
    clearTimeout(this.#deadlines.get(record.id));
    this.#deadlines.delete(record.id);
    if (!this.#records.has(record.id)) return;
    this.#put({ ...record, state: { phase: "ended", exitCode, at: this.#parts.now().toISOString() } });
    this.#parts.record({ type: "session.ended", sandbox: record.sandbox, fields: { session: record.id, exitCode } });
    this.#prune(record.sandbox);
  }

  #prune(sandbox: SandboxId): void {
    const ended = (id: SessionId): boolean => this.#records.get(id)?.state.phase !== "running";
    for (const { id } of this.of(sandbox)
      .filter((one) => ended(one.id))
      .slice(0, -KEPT_SESSIONS)) {
      this.#records.delete(id);
      this.#streams.delete(id);
      this.#parts.store.removeSession(id);
    }
    for (const id of [...this.#streams.keys()].filter(ended).slice(0, -KEPT_LOGS)) this.#streams.delete(id);
  }

  #put(record: SessionRecord): void {
    this.#records.set(record.id, record);
    this.#parts.store.putSession(record);
  }
}
