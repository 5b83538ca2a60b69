import type { IncomingMessage, ServerResponse } from "node:http";
import type { Event } from "@sbx/contracts";
import type { EventLog } from "../state/event-log.ts";

/** Events read from the log at once. */
const PAGE = 200;
const HEARTBEAT_MS = 15_000;
/** A reader that takes nothing for so long is closed; it resumes by `Last-Event-ID` and misses nothing. */
const STALLED_MS = 30_000;

/**
 * Answer with server-sent events: those after the id the reader names, then every new one.
 *
 * Every event comes from the log when the reader has room for it, so that a slow reader costs a place in the log and
 * no memory, and none is lost or repeated between what was and what comes.
 */
export function sendEvents(log: EventLog, { request, response, stalledMs = STALLED_MS }: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly stalledMs?: number }): void {
  const query = new URL(request.url ?? "/", "http://daemon").searchParams;
  const sandbox = query.get("sandbox") ?? undefined;
  const named = Number(request.headers["last-event-id"] ?? query.get("after") ?? Number.NaN);
  let last = Number.isSafeInteger(named) && named >= 0 ? named : log.newest();
  let stalled: NodeJS.Timeout | undefined;
  const send = (): void => {
    while (stalled === undefined && !response.destroyed) {
      const page = log.since({ after: last, limit: PAGE, ...(sandbox === undefined ? {} : { sandbox }) });
      for (const event of page) response.write(blockOf(event));
      last = page.at(-1)?.id ?? last;
      if (response.writableNeedDrain) stalled = setTimeout(() => response.destroy(), stalledMs).unref();
      else if (page.length === 0) return;
    }
  };
  response.on("drain", () => {
    clearTimeout(stalled);
    stalled = undefined;
    send();
  });
  const unsubscribe = log.subscribe(send);
  const heartbeat = setInterval(() => {
    if (stalled === undefined) response.write(": still here\n\n");
  }, HEARTBEAT_MS).unref();
  response.on("close", () => {
    unsubscribe();
    clearInterval(heartbeat);
    clearTimeout(stalled);
  });
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.flushHeaders();
  send();
}

function blockOf(event: Event): string {
  return `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`;
}
