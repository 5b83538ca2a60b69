import type { RecordEvent } from "@sbx/contracts";
import type { SandboxStore } from "@sbx/core";
import type { Log } from "../log.ts";
import { createScopeStore, type ScopeStore } from "../mcp/store/scope-store.ts";
import { openDatabase } from "./database.ts";
import { createEventLog, type EventLog } from "./event-log.ts";
import { createSandboxStore } from "./sandbox-store.ts";
import { Tally } from "./tally.ts";

interface OpenState {
  readonly file: string;
  readonly scope: AsyncDisposableStack;
  readonly log: Log;
  readonly now: () => Date;
}

/** What the daemon remembers: sandboxes with their sessions, what scopes of MCP servers changed, and events; in one database, closed with `scope`. */
export interface State {
  readonly events: EventLog;
  /** The one way to record: it counts, too. */
  readonly record: RecordEvent;
  readonly tally: Tally;
  readonly store: SandboxStore;
  readonly scopes: ScopeStore;
  /** How many events could not be written down since the start. */
  readonly lostEvents: () => number;
  /** Where a database that could not be read was put, when there was one. */
  readonly setAside: string | undefined;
}

/** Open the daemon's memory. @throws AppError `CONFIG_INVALID`, `STATE_NEWER` */
export function openState({ file, scope, log, now }: OpenState): State {
  const { database, setAside } = openDatabase(file, now);
  scope.defer(() => {
    database.close();
  });
  const lost = { count: 0 };
  const events = createEventLog({
    database,
    now,
    onFailure: (error) => {
      lost.count += 1;
      log.error("event.lost", { error });
    },
  });
  const onUnreadable = (error: unknown): void => {
    log.warn("record.unreadable", { error });
  };
  const tally = new Tally();
  return {
    events,
    record: tally.counting(events.record),
    tally,
    store: createSandboxStore(database, onUnreadable),
    scopes: createScopeStore(database, onUnreadable),
    lostEvents: () => lost.count,
    setAside,
  };
}
