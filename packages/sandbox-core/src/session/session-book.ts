import { AppError, type SandboxId, type SessionId } from "@sbx/contracts";
import type { SessionRecord } from "../sandbox/sandbox-record.ts";
import type { SessionParts } from "./session-parts.ts";

/** Ended sessions that are remembered for each sandbox. */
const KEPT_SESSIONS = 50;

/** What is known of all sessions, in memory and in the store. */
export class SessionBook {
  readonly #parts: Pick<SessionParts, "store" | "now">;
  readonly #records = new Map<SessionId, SessionRecord>();
  /** Resolved when a session that runs has ended, or is forgotten. */
  readonly #ends = new Map<SessionId, PromiseWithResolvers<void>>();

  constructor(parts: Pick<SessionParts, "store" | "now">) {
    this.#parts = parts;
    for (const record of parts.store.sessions()) this.#records.set(record.id, record);
  }

  /** @throws AppError `SESSION_NOT_FOUND` */
  get(id: string): SessionRecord {
    const record = this.#records.get(id as SessionId);
    if (record !== undefined) return record;
    throw new AppError("SESSION_NOT_FOUND", { message: `There is no session "${id}"`, fix: "List sandboxes and their sessions with: sbx ls" });
  }

  has(id: SessionId): boolean {
    return this.#records.has(id);
  }

  /** Whether a session runs, as far as is known. */
  isRunning(id: SessionId): boolean {
    return this.#records.get(id)?.state.phase === "running";
  }

  of(sandbox: SandboxId): readonly SessionRecord[] {
    return [...this.#records.values()].filter((record) => record.sandbox === sandbox);
  }

  running(sandbox: SandboxId): readonly SessionRecord[] {
    return this.of(sandbox).filter(({ state }) => state.phase === "running");
  }

  put(record: SessionRecord): void {
    this.#records.set(record.id, record);
    this.#parts.store.putSession(record);
  }

  /** Note how a session ended. Gives the sessions that are not remembered any longer for it; `undefined` if this one was not. */
  end(record: SessionRecord, exitCode: number): readonly SessionId[] | undefined {
    if (!this.#records.has(record.id)) return undefined;
    this.put({ ...record, state: { phase: "ended", exitCode, at: this.#parts.now().toISOString() } });
    this.#tell(record.id);
    const old = this.of(record.sandbox)
      .filter(({ state }) => state.phase === "ended")
      .slice(0, -KEPT_SESSIONS)
      .map(({ id }) => id);
    for (const id of old) {
      this.#records.delete(id);
      this.#parts.store.removeSession(id);
    }
    return old;
  }

  /** Drop what is known of a sandbox's sessions; its store drops them with the sandbox. */
  forget(sandbox: SandboxId): readonly SessionId[] {
    const ids = this.of(sandbox).map(({ id }) => id);
    for (const id of ids) {
      this.#records.delete(id);
      this.#tell(id);
    }
    return ids;
  }

  /** Resolves with whether the session does not run any more, at its end or after `ms`. */
  async endsWithin(id: SessionId, ms: number): Promise<boolean> {
    if (!this.isRunning(id)) return true;
    const end = this.#ends.get(id) ?? Promise.withResolvers<void>();
    this.#ends.set(id, end);
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, ms);
    await Promise.race([end.promise, late.promise]);
    clearTimeout(timer);
    return !this.isRunning(id);
  }

  #tell(id: SessionId): void {
    this.#ends.get(id)?.resolve();
    this.#ends.delete(id);
  }
}
