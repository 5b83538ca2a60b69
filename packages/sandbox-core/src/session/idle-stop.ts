import type { SandboxId } from "@sbx/contracts";
import type { LiveSandbox } from "../sandbox/sandbox-parts.ts";
import { LONGEST_TIMER_MS } from "./longest-timer.ts";
import type { SessionParts } from "./session-parts.ts";

export interface IdleParts extends Pick<SessionParts, "stop" | "idleStopMs" | "unusedMs" | "onFault"> {
  /** Whether a session runs in the sandbox. */
  readonly isBusy: (id: SandboxId) => boolean;
}

/** Stops sandboxes in which nothing has run for a while, but those that go on without a session. */
export class IdleStop {
  readonly #parts: IdleParts;
  readonly #timers = new Map<SandboxId, NodeJS.Timeout>();
  /** Sandboxes in which a session is about to be opened, and how many. */
  readonly #opening = new Map<SandboxId, number>();

  constructor(parts: IdleParts) {
    this.#parts = parts;
  }

  /** Keep a sandbox from being stopped while a session is being opened in it. */
  async hold<T>(id: SandboxId, work: () => Promise<T>): Promise<T> {
    this.#opening.set(id, (this.#opening.get(id) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.#opening.get(id) ?? 1) - 1;
      if (left > 0) this.#opening.set(id, left);
      else this.#opening.delete(id);
    }
  }

  /** Begin to count the time without a session; at its end the sandbox is stopped. */
  count(live: LiveSandbox): void {
    const { id } = live.record;
    this.drop(id);
    if (!live.record.longRunning && !this.#parts.isBusy(id)) this.#wait(live, this.#parts.idleStopMs);
  }

  /** A session runs in the sandbox now, or the sandbox is gone. */
  drop(id: SandboxId): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  #wait(live: LiveSandbox, forMs: number): void {
    const timer = setTimeout(() => this.#over(live), Math.min(forMs, LONGEST_TIMER_MS));
    this.#timers.set(live.record.id, timer.unref());
  }

  #over(live: LiveSandbox): void {
    const { id } = live.record;
    const leftMs = (): number => this.#parts.idleStopMs - this.#parts.unusedMs(id);
    const isUsed = (): boolean => !live.running || this.#opening.has(id) || this.#parts.isBusy(id) || leftMs() > 0;
    if (!isUsed()) this.#parts.stop(live, isUsed).catch(this.#parts.onFault);
    else if (this.#opening.has(id)) this.count(live);
    else if (live.running && !this.#parts.isBusy(id)) this.#wait(live, Math.max(1, leftMs()));
  }
}
