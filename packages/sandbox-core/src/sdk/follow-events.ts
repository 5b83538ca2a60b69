import { AppError, type Event } from "@sbx/contracts";
import type { Connection, EventQuery } from "../client/daemon-port.ts";

/** How long a daemon that went away is waited for, in milliseconds. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 250;

/** Which events to follow. */
export interface EventOptions {
  /** Only those after this id, from the record and then as they come. */
  readonly after?: number;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

/** What the following of events takes from the world. */
export interface EventParts {
  readonly connect: () => Promise<Connection>;
  /** The daemon that runs; never starts one. */
  readonly find: () => Promise<Connection | undefined>;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/**
 * Every event after `after` (without it: from now on), each once and in order, also over restarts of the daemon.
 *
 * Remember the last event's id to go on from there in another process. Of a sandbox the iteration ends with its removal.
 * @throws AppError `DAEMON_UNREACHABLE` when the daemon went away and did not come back
 */
export async function* followEvents(parts: EventParts, { after, signal = new AbortController().signal, sandbox }: EventOptions & { readonly sandbox?: string }): AsyncGenerator<Event, undefined> {
  let connection: Connection | undefined = await parts.connect();
  let last = after ?? (await connection.client.listEvents({ limit: 1 })).at(-1)?.id ?? 0;
  while (connection !== undefined && !signal.aborted) {
    for await (const event of eventsUntilGone(connection, { after: last, ...(sandbox === undefined ? {} : { sandbox }) }, signal)) {
      last = event.id;
      yield event;
      if (sandbox !== undefined && event.type === "sandbox.removed") return;
    }
    connection = await comeBack(parts, signal);
  }
}

/** What one daemon tells; it ends when the daemon goes away, before it said anything too, and when the signal fires. */
async function* eventsUntilGone(connection: Connection, query: EventQuery, signal: AbortSignal): AsyncGenerator<Event> {
  try {
    yield* await connection.events(query, signal);
  } catch (error) {
    if (!signal.aborted && !isGone(error)) throw error;
  }
}

async function comeBack({ find, sleep }: EventParts, signal: AbortSignal): Promise<Connection | undefined> {
  for (let waited = 0; waited < PATIENCE_MS && !signal.aborted; waited += PAUSE_MS) {
    const found = await find();
    if (found !== undefined) return found;
    await sleep(PAUSE_MS);
  }
  if (signal.aborted) return undefined;
  throw new AppError("DAEMON_UNREACHABLE", { message: "The daemon went away and did not come back", fix: "Start it with: sbx daemon start" });
}

function isGone(error: unknown): boolean {
  return AppError.is(error) && error.code === "DAEMON_UNREACHABLE";
}
