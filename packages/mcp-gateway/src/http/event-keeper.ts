import type { ByteBudget } from "../byte-budget.ts";
import type { GatewayLimits } from "../limits.ts";

/** An event of a stream, as it was or will be sent. */
export interface KeptEvent {
  readonly stream: number;
  readonly sequence: number;
  readonly data: string;
}

/** The last events of one session, for a client that comes back. Bounded in number and size: the oldest go first. */
export class EventKeeper {
  readonly #limits: Pick<GatewayLimits, "keptEvents" | "keptBytes">;
  readonly #budget: () => ByteBudget;
  #events: KeptEvent[] = [];
  #bytes = 0;

  /** `budget` is what the sessions of one scope may keep together. */
  constructor(limits: Pick<GatewayLimits, "keptEvents" | "keptBytes">, budget: () => ByteBudget) {
    this.#limits = limits;
    this.#budget = budget;
  }

  /** Keep an event. One that is larger than all that may be kept is not, and neither is one for which there is no room. */
  keep(event: KeptEvent): void {
    if (event.data.length > this.#limits.keptBytes || !this.#budget().take(event.data.length)) return;
    this.#events.push(event);
    this.#bytes += event.data.length;
    let drop = 0;
    while (this.#events.length - drop > this.#limits.keptEvents || this.#bytes > this.#limits.keptBytes) {
      const bytes = this.#events[drop]?.data.length ?? 0;
      this.#bytes -= bytes;
      this.#budget().give(bytes);
      drop += 1;
    }
    if (drop > 0) this.#events = this.#events.slice(drop);
  }

  /** What a stream had after one of its events. */
  after(stream: number, sequence: number): readonly KeptEvent[] {
    return this.#events.filter((event) => event.stream === stream && event.sequence > sequence);
  }

  clear(): void {
    this.#budget().give(this.#bytes);
    this.#events = [];
    this.#bytes = 0;
  }
}

/** The id of an event, as a client gives it back: it names its stream. */
export function eventId({ stream, sequence }: Pick<KeptEvent, "stream" | "sequence">): string {
  return `${stream}-${sequence}`;
}

/** Read an id that a client gives back; `undefined` for what is none of ours. */
export function parseEventId(id: string): Pick<KeptEvent, "stream" | "sequence"> | undefined {
  const match = /^(\d{1,9})-(\d{1,9})$/.exec(id);
  return match === null ? undefined : { stream: Number(match[1]), sequence: Number(match[2]) };
}
