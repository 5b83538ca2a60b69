import { createClient } from "@sbx/contracts/client";
import { fillPath } from "@sbx/contracts/route";
import { STREAMS } from "@sbx/contracts/streams";
import type { Connection } from "./daemon-port.ts";
import { createArchivePort } from "./archive-stream.ts";
import { openEvents } from "./event-stream.ts";
import { createSocketSend, upgrade } from "./socket-http.ts";

/** Everything the daemon offers, over its socket. Nothing is opened before the first call. */
export function createConnection(socketPath: string): Connection {
  return {
    client: createClient(createSocketSend(socketPath)),
    events: (query, signal) => openEvents(socketPath, query, signal),
    attach: (session, signal) => upgrade(socketPath, { path: fillPath(STREAMS.attach, { session }).path, signal }),
    gateway: (gateway, signal) => upgrade(socketPath, { path: fillPath(STREAMS.gateway, { gateway }).path, signal }),
    archive: createArchivePort(socketPath),
  };
}
