import { AppError } from "@sbx/contracts";
import type { GatewayLimits } from "../limits.ts";
import type { Caller } from "../ports.ts";
import type { Session } from "../session/session.ts";

/** A session with what belongs to its way of travelling. */
export interface Entry<T> {
  readonly session: Session;
  readonly outlet: T;
  readonly owner: string;
}

interface Held<T> extends Entry<T> {
  idle: NodeJS.Timeout;
}

/** Sessions by their ids. A session is found by the caller that opened it and by nobody else: its id is no key to it. */
export class SessionRegistry<T> {
  readonly #sessions = new Map<string, Held<T>>();
  readonly #limits: Pick<GatewayLimits, "sessionIdleMs">;

  constructor(limits: Pick<GatewayLimits, "sessionIdleMs">) {
    this.#limits = limits;
  }

  add(entry: Entry<T>): void {
    const held: Held<T> = { ...entry, idle: this.#watch(entry) };
    this.#sessions.set(entry.session.id, held);
  }

  /** `undefined` when there is none, also when there is one of another caller. */
  find(id: string, caller: Caller): Entry<T> | undefined {
    const held = this.#sessions.get(id);
    if (held === undefined || held.owner !== ownerOf(caller)) return undefined;
    held.idle.refresh();
    return held;
  }

  remove(session: Session): void {
    const held = this.#sessions.get(session.id);
    if (held !== undefined) clearTimeout(held.idle);
    this.#sessions.delete(session.id);
  }

  endAll(reason: Error): void {
    for (const { session } of this.#sessions.values()) session.end(reason);
  }

  #watch({ session }: Entry<T>): NodeJS.Timeout {
    return setTimeout(() => {
      if (!session.idle) this.#sessions.get(session.id)?.idle.refresh();
      else session.end(new AppError("SESSION_NOT_FOUND", { message: "The session was idle for too long.", fix: "Initialize a new one." }));
    }, this.#limits.sessionIdleMs).unref();
  }
}

/** What sets one caller apart from another. */
export function ownerOf(caller: Caller): string {
  return caller.kind === "sandbox" ? `sandbox:${caller.sandbox}:${caller.scope}` : `host:${caller.scope}`;
}
