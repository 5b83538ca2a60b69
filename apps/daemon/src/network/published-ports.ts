import { randomInt } from "node:crypto";
import { once } from "node:events";
import type { Server, Socket } from "node:net";
import { AppError } from "@sbx/contracts";
import type { PublishedPort } from "@sbx/core";
import { joinWithin, type Pod } from "@sbx/egress-proxy";

/** Where engines take ports from when none is asked for. */
const FIRST_PORT = 32_768;
const LAST_PORT = 60_999;
const TRIES = 32;
/** Without a byte in either direction; a connection of a pool is silent for long. */
const IDLE_MS = 2 * 60 * 60 * 1000;

/** How many connections to published ports one sandbox may have: they are made of the daemon's own descriptors. */
export const PUBLISHED_CONNECTIONS = 512;

/** Places for connections, shared by all ports of a sandbox. */
export interface Places {
  /** `undefined` when there is none left. */
  take(): Disposable | undefined;
}

/** Listens in one pod for another. Disposing ends every connection. */
export interface PublishedPorts extends AsyncDisposable {
  readonly ports: readonly PublishedPort[];
}

export interface PublishPorts {
  /** In which pod they are at `localhost`. */
  readonly at: Pod;
  /** To whose ports they lead. */
  readonly to: Pod;
  readonly places: Places;
  readonly ports: readonly PublishedPort[];
}

/** Publish ports of a pod at another pod's loopback, all or none. @throws AppError `POD_FAILED` */
export async function publishPorts({ at, to, places, ports }: PublishPorts): Promise<PublishedPorts> {
  const ended = new AbortController();
  const servers: Server[] = [];
  const end = async (): Promise<void> => {
    ended.abort(new Error("the port is published no longer"));
    await Promise.all(servers.map(close));
  };
  const published: PublishedPort[] = [];
  try {
    for (const { containerPort, hostPort } of ports) {
      const { server, port } = await listen(at, hostPort);
      servers.push(server);
      server.on("connection", (client) => {
        client.on("error", () => undefined);
        const place = places.take();
        client.once("close", () => place?.[Symbol.dispose]());
        void joinWithin(client, place === undefined ? "nobody" : (signal) => to.dial(containerPort, signal), { idleMs: IDLE_MS, signal: ended.signal });
      });
      published.push({ containerPort, hostPort: port });
    }
  } catch (error) {
    await end();
    throw error;
  }
  return { ports: published, [Symbol.asyncDispose]: end };
}

export interface ServePort extends Pick<PublishPorts, "at" | "places"> {
  /** 0 is any that is free. */
  readonly port: number;
  readonly serve: (connection: Socket) => void;
}

/** Serve a port of a pod's loopback from here. Disposing lets no more in. @throws AppError `POD_FAILED` */
export async function servePort({ at, places, port: wanted, serve }: ServePort): Promise<AsyncDisposable & { readonly port: number }> {
  const { server, port } = await listen(at, wanted);
  server.on("connection", (client) => {
    client.on("error", () => undefined);
    const place = places.take();
    client.once("close", () => place?.[Symbol.dispose]());
    if (place === undefined) {
      client.destroy();
      return;
    }
    serve(client);
    client.resume();
  });
  return {
    port,
    [Symbol.asyncDispose]: () => {
      server.close();
      return Promise.resolve();
    },
  };
}

async function listen(at: Pod, wanted: number): Promise<{ readonly server: Server; readonly port: number }> {
  if (wanted !== 0) return { server: await at.listen(wanted), port: wanted };
  for (let tried = 1; ; tried += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    try {
      return { server: await at.listen(port), port };
    } catch (error) {
      if (tried === TRIES || !AppError.is(error)) throw error;
    }
  }
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  await closed;
}
