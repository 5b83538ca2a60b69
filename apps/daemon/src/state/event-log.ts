import type { DatabaseSync } from "node:sqlite";
import { Event, type EventInit, type EventType, type RecordEvent, type SandboxId } from "@sbx/contracts";
import { limitTraffic, TRAFFIC_EVENTS } from "./limit-traffic.ts";

/** Most events kept; older ones go. Each kind has its own room: what a sandbox causes pushes out nothing else. */
export interface KeptEvents {
  /** Of one sandbox's traffic, and as many again of its use of models. */
  readonly ofSandbox: number;
  /** Of all sandboxes' traffic, of their use of models, and of everything else: each as many. */
  readonly ofKind: number;
  /** Older ones go when this many have come. */
  readonly every: number;
}
const KEPT_EVENTS: KeptEvents = { ofSandbox: 20_000, ofKind: 100_000, every: 1000 };
/** Kinds that sandboxes cause by themselves; all others are one more. */
const CAUSED: readonly (readonly EventType[])[] = [TRAFFIC_EVENTS, ["model.used"]];

interface EventQuery {
  readonly after: number;
  readonly sandbox?: string;
  readonly limit: number;
}

export interface EventLog {
  /** The one place that records. */
  readonly record: RecordEvent;
  /** The newest events after an id, oldest of them first. */
  list(query: EventQuery): readonly Event[];
  /** The first events after an id: asked again with the last one's id, it gives every event once. */
  since(query: EventQuery): readonly Event[];
  /** Id of the newest event; 0 when there is none. */
  newest(): number;
  /** Call `listener` whenever an event was recorded; returns the unsubscribe. */
  subscribe(listener: () => void): () => void;
}

export interface EventLogParts {
  readonly database: DatabaseSync;
  readonly now: () => Date;
  /** Told of an event that could not be written down: whoever recorded it goes on. */
  readonly onFailure: (error: unknown) => void;
  /** Of which events how many stay; tests give less. */
  readonly kept?: KeptEvents;
}

/** Keep events in the daemon's database, so that a reader resumes after any id. */
export function createEventLog({ database, now, onFailure, kept = KEPT_EVENTS }: EventLogParts): EventLog {
  const listeners = new Set<() => void>();
  const insert = database.prepare("INSERT INTO events (at, type, sandbox, fields) VALUES (?, ?, ?, ?)");
  const trim = createTrim(database, kept);
  const last = database.prepare("SELECT * FROM (SELECT * FROM events WHERE id > ? AND (? IS NULL OR sandbox = ?) ORDER BY id DESC LIMIT ?) ORDER BY id");
  const first = database.prepare("SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?");
  const firstOfSandbox = database.prepare("SELECT * FROM events WHERE sandbox = ? AND id > ? ORDER BY id LIMIT ?");
  const newest = database.prepare("SELECT max(id) AS id FROM events");
  const write = ({ type, sandbox, fields }: EventInit): void => {
    try {
      insert.run(now().toISOString(), type, sandbox ?? null, JSON.stringify(fields));
      trim(sandbox);
      for (const listener of listeners) listener();
    } catch (error) {
      onFailure(error);
    }
  };
  return {
    record: limitTraffic(write, now),
    list: ({ after, sandbox, limit }) => last.all(after, sandbox ?? null, sandbox ?? null, limit).map(eventOf),
    since: ({ after, sandbox, limit }) => (sandbox === undefined ? first.all(after, limit) : firstOfSandbox.all(sandbox, after, limit)).map(eventOf),
    newest: () => Number(newest.get()?.["id"] ?? 0),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Called after each event: lets the oldest go, of all now and then, and of a sandbox when that has come to have as many more. */
function createTrim(database: DatabaseSync, { ofSandbox, ofKind, every }: KeptEvents): (sandbox: SandboxId | undefined) => void {
  const deletion = (which: string) => database.prepare(`DELETE FROM events WHERE ${which} AND id <= (SELECT id FROM events WHERE ${which} ORDER BY id DESC LIMIT 1 OFFSET $kept)`);
  const isIn = (types: readonly EventType[]): string => `IN (${types.map((type) => `'${type}'`).join(", ")})`;
  const ofOne = CAUSED.map((types) => deletion(`sandbox = $sandbox AND type ${isIn(types)}`));
  const ofAll = [...CAUSED.map((types) => `type ${isIn(types)}`), `type NOT ${isIn(CAUSED.flat())}`].map(deletion);
  const come = new Map<SandboxId | undefined, number>();
  const isDue = (whose: SandboxId | undefined): boolean => {
    const count = (come.get(whose) ?? 0) + 1;
    come.set(whose, count % every);
    return count === every;
  };
  return (sandbox) => {
    if (sandbox !== undefined && isDue(sandbox)) for (const statement of ofOne) statement.run({ sandbox, kept: ofSandbox });
    if (isDue(undefined)) for (const statement of ofAll) statement.run({ kept: ofKind });
  };
}

function eventOf(row: Record<string, unknown>): Event {
  return Event.parse({ id: row["id"], at: row["at"], type: row["type"], ...(row["sandbox"] === null ? {} : { sandbox: row["sandbox"] }), fields: JSON.parse(String(row["fields"])) as unknown });
}
