import { setTimeout as sleep } from "node:timers/promises";
import { EngineEvent } from "./engine/engine-answers.ts";
import type { OwnedContainer } from "./owned/container-record.ts";
import type { GuardEngine } from "./ports.ts";
import { linesOf } from "./streams/lines.ts";

/** Something that happened to a thing of the sandbox, in the client's own words. */
export interface GuardEvent {
  readonly type: "container" | "volume" | "network" | "image";
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly timeNano: bigint;
}

const KEPT = 256;
const RETRY_MS = 500;
/** Facts of the engine's attributes that are passed on. */
const FACTS = ["exitCode", "signal", "execDuration", "execID", "oldName"];
/** What becomes of a container; that it was made is told by the guard, who knows it by then. */
const ACTIONS =
  /^(?:attach|detach|die|destroy|exec_create: .*|exec_detach|exec_die|exec_start: .*|health_status: (?:healthy|unhealthy|starting)|kill|oom|pause|rename|resize|restart|start|stop|top|unpause)$/su;

export interface EventHubParts {
  readonly engine: GuardEngine;
  /** For the engine's filter. */
  readonly labels: readonly string[];
  readonly known: (id: string) => OwnedContainer | undefined;
  /** The container is gone, by whatever hand. */
  readonly onDestroyed: (id: string) => Promise<void>;
  /** The engine can be asked again: what happened in between was not told. */
  readonly onResumed: () => Promise<void>;
  readonly now: () => Date;
}

/**
 * Follows the engine's events of the sandbox's containers, and tells them to clients without anything that is not
 * theirs. One stream to the engine, however many listen; the last ones are kept for who asks for the past.
 */
export class EventHub implements AsyncDisposable {
  readonly #parts: EventHubParts;
  readonly #listeners = new Set<(event: GuardEvent) => void>();
  readonly #recent: GuardEvent[] = [];
  /** Containers of which it was told that they are gone: the guard and the engine both tell of it. */
  readonly #destroyed = new Set<string>();
  readonly #ending = new AbortController();
  #following: Promise<void> = Promise.resolve();

  private constructor(parts: EventHubParts) {
    this.#parts = parts;
  }

  /** Resolves when the engine tells what happens. */
  static async start(parts: EventHubParts): Promise<EventHub> {
    const hub = new EventHub(parts);
    const first = await hub.#open();
    hub.#following = hub.#follow(first);
    return hub;
  }

  /** The last events, oldest first. */
  recent(): readonly GuardEvent[] {
    return [...this.#recent];
  }

  listen(listener: (event: GuardEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Tell of something that the engine knows nothing of, or tells too early. */
  tell(event: Omit<GuardEvent, "timeNano">): void {
    this.#publish({ ...event, timeNano: BigInt(this.#parts.now().getTime()) * 1_000_000n });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#listeners.clear();
    await this.#following;
  }

  async #open(): Promise<AsyncIterable<string>> {
    const filters = JSON.stringify({ type: ["container"], label: this.#parts.labels });
    const { body } = await this.#parts.engine.stream({ method: "GET", path: ["events"], query: { filters }, signal: this.#ending.signal });
    return linesOf(body);
  }

  async #follow(first: AsyncIterable<string>): Promise<void> {
    for (let lines: AsyncIterable<string> | undefined = first; !this.#ending.signal.aborted; lines = await this.#reopen()) {
      try {
        for await (const line of lines ?? []) this.#take(line);
      } catch {
        // The engine went away: it is asked again.
      }
    }
  }

  async #reopen(): Promise<AsyncIterable<string> | undefined> {
    try {
      await sleep(RETRY_MS, undefined, { signal: this.#ending.signal });
      const lines = await this.#open();
      await this.#parts.onResumed();
      return lines;
    } catch {
      return undefined;
    }
  }

  #take(line: string): void {
    const { data } = EngineEvent.safeParse(JSON.parse(line));
    const container = data === undefined ? undefined : this.#parts.known(data.Actor.ID);
    if (data === undefined || container === undefined) return;
    if (ACTIONS.test(data.Action)) {
      const facts = Object.entries(data.Actor.Attributes ?? {}).filter(([name]) => FACTS.includes(name) && name !== "oldName");
      this.#publish({ type: "container", action: data.Action, id: container.id, attributes: { ...containerAttributes(container), ...Object.fromEntries(facts) }, timeNano: BigInt(data.timeNano) });
    }
    // What is released takes its time, and what happens to others is told meanwhile.
    if (data.Action === "destroy") void this.#parts.onDestroyed(container.id);
  }

  #publish(event: GuardEvent): void {
    if (event.type === "container" && event.action === "destroy") {
      if (this.#destroyed.has(event.id)) return;
      this.#destroyed.add(event.id);
      const [oldest] = this.#destroyed;
      if (this.#destroyed.size > KEPT && oldest !== undefined) this.#destroyed.delete(oldest);
    }
    this.#recent.push(event);
    if (this.#recent.length > KEPT) this.#recent.shift();
    for (const listener of this.#listeners) listener(event);
  }
}

/** What an event says of a container. */
export function containerAttributes({ name, asked }: OwnedContainer): Readonly<Record<string, string>> {
  return { ...asked.Labels, image: asked.Image, name };
}
