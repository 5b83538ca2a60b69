import { createClient } from "@sbx/contracts/client";
import { fillPath } from "@sbx/contracts/route";
import { STREAMS } from "@sbx/contracts/streams";
import type { ArchivePort } from "./archive-stream.ts";
import type { Connection } from "./daemon-port.ts";
import { createSocketSend, upgrade } from "./socket-http.ts";

/** Everything the daemon offers, over its socket. Nothing is opened before the first call, and of streams nothing is loaded. */
export function createConnection(socketPath: string): Connection {
  const archive = async (): Promise<ArchivePort> => (await import("./archive-stream.ts")).createArchivePort(socketPath);
  return {
    client: createClient(createSocketSend(socketPath)),
    events: async (query, signal) => await (await import("./event-stream.ts")).openEvents(socketPath, query, signal),
    attach: (session, signal) => upgrade(socketPath, { path: fillPath(STREAMS.attach, { session }).path, signal }),
    gateway: (gateway, signal) => upgrade(socketPath, { path: fillPath(STREAMS.gateway, { gateway }).path, signal }),
    archive: {
      read: async (place, signal) => await (await archive()).read(place, signal),
      write: async (place, tar, signal) => await (await archive()).write(place, tar, signal),
    },
  };
}
