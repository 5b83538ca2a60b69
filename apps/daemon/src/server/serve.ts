import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { AppError, matchPath, STREAM_PROTOCOL, STREAMS, type Method, type Send } from "@sbx/contracts";
import type { ServeArchive } from "../files/serve-archives.ts";
import type { EventLog } from "../state/event-log.ts";
import { listenPrivately } from "./listen-privately.ts";
import { isOwnPeer } from "./peer-uid.ts";
import { readJson } from "./read-json.ts";
import { sendEvents } from "./send-events.ts";

export interface ServerParts {
  readonly socketPath: string;
  readonly dispatch: Send;
  readonly events: EventLog;
  /** Take over an upgraded connection to a session. `head` is what the client sent with its request. */
  readonly attach: (session: string, connection: Duplex) => void;
  /** Run the gateway that was prepared under this id on an upgraded connection. */
  readonly gateway: (id: string, connection: Duplex) => void;
  /** Answer a request for the files of a sandbox. */
  readonly archive: ServeArchive;
  /** Who is at the other end; `undefined` where the platform does not tell. */
  readonly peerUid: (socket: Socket) => number | undefined;
  readonly uid: number;
  /** Told of faults of the daemon itself. */
  readonly onFault: (error: unknown) => void;
}

/** Listen on the daemon's socket: 0600, and only for processes of the same user. */
export async function startServer(parts: ServerParts): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    answer(parts, request, response).catch((error: unknown) => {
      parts.onFault(error);
      response.destroy();
    });
  });
  const connections = new Set<Socket>();
  server.on("connection", (socket) => {
    // One that breaks has nobody to tell: without a listener it would end the daemon.
    socket.on("error", () => undefined);
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
    if (!isOwnPeer(socket, parts.uid, parts.peerUid)) socket.destroy();
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrade(parts, { request, socket, head });
  });
  await listenPrivately(server, parts.socketPath);
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

async function answer(parts: ServerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sandbox = matchPath(STREAMS.archive, pathOf(request) ?? "")?.["sandbox"];
  if (sandbox !== undefined) {
    await parts.archive({ sandbox, request, response });
    return;
  }
  const gone = new AbortController();
  response.on("close", () => {
    if (!response.writableEnded) gone.abort(new AppError("INTERRUPTED", { message: "The caller went away", fix: "Call again." }));
  });
  if (request.method === "GET" && pathOf(request) === STREAMS.events) {
    sendEvents(parts.events, { request, response });
    return;
  }
  const reply = await dispatchRequest(parts, request, gone.signal);
  // A body that was not read to its end is still coming: this connection is of no more use.
  response.writeHead(reply.status, { "content-type": "application/json", ...(request.complete ? {} : { connection: "close" }) });
  response.end(JSON.stringify(reply.body));
}

async function dispatchRequest(parts: ServerParts, request: IncomingMessage, signal: AbortSignal): ReturnType<Send> {
  try {
    if (pathOf(request) === undefined) throw new AppError("ROUTE_UNKNOWN", { message: "The address of the request is none", fix: "Send a path such as /v1/status." });
    const body = await readJson(request);
    return await parts.dispatch({ method: methodOf(request), target: request.url ?? "/", body }, signal);
  } catch (error) {
    if (AppError.is(error)) return { status: error.status, body: error.toJSON() };
    throw error;
  }
}

/** Path of a request; `undefined` when what it names is no address at all. */
function pathOf({ url = "/" }: IncomingMessage): string | undefined {
  return URL.parse(url, "http://daemon")?.pathname;
}

function methodOf({ method }: IncomingMessage): Method {
  if (method === "GET" || method === "POST" || method === "PUT" || method === "DELETE") return method;
  throw new AppError("ROUTE_UNKNOWN", { message: `The daemon has no route for ${method ?? "no method"}`, fix: "Use GET, POST, PUT or DELETE." });
}

function upgrade(parts: ServerParts, { request, socket, head }: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }): void {
  socket.on("error", () => undefined);
  const path = pathOf(request) ?? "";
  const session = matchPath(STREAMS.attach, path)?.["session"];
  const gateway = matchPath(STREAMS.gateway, path)?.["gateway"];
  if ((session === undefined && gateway === undefined) || request.headers.upgrade !== STREAM_PROTOCOL) {
    socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    return;
  }
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${STREAM_PROTOCOL}\r\n\r\n`);
  if (head.byteLength > 0) socket.unshift(head);
  if (session !== undefined) parts.attach(session, socket);
  else if (gateway !== undefined) parts.gateway(gateway, socket);
}
