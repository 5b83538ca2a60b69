import type { SessionId } from "@sbx/contracts";
import type { SessionRecord } from "../sandbox/sandbox-record.ts";
import { LONGEST_TIMER_MS } from "./longest-timer.ts";

export interface DeadlineParts {
  readonly now: () => Date;
  /** Called once when a session has run as long as it may. */
  readonly expire: (record: SessionRecord) => void;
}

/** The deadlines of sessions, however far they are. Its timers keep no process alive. */
export class Deadlines {
  readonly #parts: DeadlineParts;
  readonly #timers = new Map<SessionId, NodeJS.Timeout>();
  readonly #past = new Set<SessionId>();

  constructor(parts: DeadlineParts) {
    this.#parts = parts;
  }

  /** Begin to wait for a session's deadline, if it has one. */
  watch(record: SessionRecord): void {
    if (record.deadlineAt === undefined) return;
    clearTimeout(this.#timers.get(record.id));
    const left = Math.max(0, Date.parse(record.deadlineAt) - this.#parts.now().getTime());
    const timer = setTimeout(
      () => {
        if (left > LONGEST_TIMER_MS) this.watch(record);
        else this.#passed(record);
      },
      Math.min(left, LONGEST_TIMER_MS),
    );
    this.#timers.set(record.id, timer.unref());
  }

  /** Whether the session was ended by its deadline, whatever its program made of that. */
  isPast(id: SessionId): boolean {
    return this.#past.has(id);
  }

  /** The session has ended, or is gone. */
  drop(id: SessionId): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#past.delete(id);
  }

  #passed(record: SessionRecord): void {
    this.#past.add(record.id);
    this.#parts.expire(record);
  }
}
