import type { IncomingMessage, ServerResponse } from "node:http";
import type { Event } from "@sbx/contracts";
import type { EventLog } from "../state/event-log.ts";

/** Most events that are sent again to a reader that resumes. */
const MAX_RESUMED = 10_000;
const HEARTBEAT_MS = 15_000;
/** A reader that is this far behind is closed; it resumes by `Last-Event-ID` and misses nothing. */
const MAX_BUFFERED_BYTES = 8 << 20;

/** Answer with server-sent events: those after the id the reader names, then every new one. */
export function sendEvents(log: EventLog, request: IncomingMessage, response: ServerResponse): void {
  const query = new URL(request.url ?? "/", "http://daemon").searchParams;
  const sandbox = query.get("sandbox") ?? undefined;
  const after = Number(request.headers["last-event-id"] ?? query.get("after") ?? Number.NaN);
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.flushHeaders();
  const send = (event: Event): void => {
    if (sandbox !== undefined && event.sandbox !== sandbox) return;
    response.write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`);
    if (response.writableLength > MAX_BUFFERED_BYTES) response.destroy();
  };
  if (Number.isInteger(after)) {
    for (const event of log.list({ after, limit: MAX_RESUMED, ...(sandbox === undefined ? {} : { sandbox }) })) send(event);
  }
  const unsubscribe = log.subscribe(send);
  const heartbeat = setInterval(() => response.write(": still here\n\n"), HEARTBEAT_MS).unref();
  response.on("close", () => {
    unsubscribe();
    clearInterval(heartbeat);
  });
}
