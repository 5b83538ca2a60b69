import type { DatabaseSync } from "node:sqlite";
import { Event, type EventInit, type RecordEvent } from "@sbx/contracts";

/** Most events kept; older ones go. */
const KEPT_EVENTS = 100_000;

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
}

/** Keep events in the daemon's database, so that a reader resumes after any id. */
export function createEventLog({ database, now, onFailure }: EventLogParts): EventLog {
  const listeners = new Set<() => void>();
  const insert = database.prepare("INSERT INTO events (at, type, sandbox, fields) VALUES (?, ?, ?, ?) RETURNING id");
  const trim = database.prepare("DELETE FROM events WHERE id <= ?");
  const last = database.prepare("SELECT * FROM (SELECT * FROM events WHERE id > ? AND (? IS NULL OR sandbox = ?) ORDER BY id DESC LIMIT ?) ORDER BY id");
  const first = database.prepare("SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?");
  const firstOfSandbox = database.prepare("SELECT * FROM events WHERE sandbox = ? AND id > ? ORDER BY id LIMIT ?");
  const newest = database.prepare("SELECT max(id) AS id FROM events");
  return {
    record: ({ type, sandbox, fields }: EventInit) => {
      try {
        const id = Number(insert.get(now().toISOString(), type, sandbox ?? null, JSON.stringify(fields))?.["id"]);
        if (id % 1000 === 0) trim.run(id - KEPT_EVENTS);
        for (const listener of listeners) listener();
      } catch (error) {
        onFailure(error);
      }
    },
    list: ({ after, sandbox, limit }) => last.all(after, sandbox ?? null, sandbox ?? null, limit).map(eventOf),
    since: ({ after, sandbox, limit }) => (sandbox === undefined ? first.all(after, limit) : firstOfSandbox.all(sandbox, after, limit)).map(eventOf),
    newest: () => Number(newest.get()?.["id"] ?? 0),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function eventOf(row: Record<string, unknown>): Event {
  return Event.parse({ id: row["id"], at: row["at"], type: row["type"], ...(row["sandbox"] === null ? {} : { sandbox: row["sandbox"] }), fields: JSON.parse(String(row["fields"])) as unknown });
}
