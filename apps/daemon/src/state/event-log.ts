import type { DatabaseSync } from "node:sqlite";
import { Event, type EventInit, type RecordEvent } from "@sbx/contracts";

/** Most events kept; older ones go. */
const KEPT_EVENTS = 100_000;

export interface EventLog {
  /** The one place that records. */
  readonly record: RecordEvent;
  list(query: { readonly after: number; readonly sandbox?: string; readonly limit: number }): readonly Event[];
  /** Call `listener` for every event recorded from now on; returns the unsubscribe. */
  subscribe(listener: (event: Event) => void): () => void;
}

/** Keep events in the daemon's database, so that a reader resumes after any id. */
export function createEventLog(database: DatabaseSync, now: () => Date): EventLog {
  const listeners = new Set<(event: Event) => void>();
  const insert = database.prepare("INSERT INTO events (at, type, sandbox, fields) VALUES (?, ?, ?, ?) RETURNING id");
  const trim = database.prepare("DELETE FROM events WHERE id <= ?");
  const newest = database.prepare("SELECT * FROM (SELECT * FROM events WHERE id > ? AND (? IS NULL OR sandbox = ?) ORDER BY id DESC LIMIT ?) ORDER BY id");
  return {
    record: ({ type, sandbox, fields }: EventInit) => {
      const at = now().toISOString();
      const id = Number(insert.get(at, type, sandbox ?? null, JSON.stringify(fields))?.["id"]);
      if (id % 1000 === 0) trim.run(id - KEPT_EVENTS);
      const event: Event = { id, at, type, ...(sandbox === undefined ? {} : { sandbox }), fields };
      for (const listener of listeners) listener(event);
    },
    list: ({ after, sandbox, limit }) => newest.all(after, sandbox ?? null, sandbox ?? null, limit).map(eventOf),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function eventOf(row: Record<string, unknown>): Event {
  return Event.parse({ id: row["id"], at: row["at"], type: row["type"], ...(row["sandbox"] === null ? {} : { sandbox: row["sandbox"] }), fields: JSON.parse(String(row["fields"])) });
}
