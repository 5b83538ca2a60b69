import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { WallLimits } from "./limits.ts";
import { KEPT_HEADERS, mayLackHeaders } from "./http-headers.ts";
import { closed, reset, resetOnAbort } from "./socket.ts";

/** What a connection's requests are for. One per connection. */
export interface HttpPurpose {
  request(request: IncomingMessage, response: ServerResponse): void;
  /** A WebSocket upgrade. The socket is the purpose's own from here on. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** The client sent what is no request. It was answered already. */
  malformed(reason: string): void;
}

/** Speaks HTTP/1.1 with the pod's clients. Node's parser in its strict form judges framing; deadlines are ours. */
export interface HttpFront {
  /** Serve one connection until it is over. */
  serve(socket: Socket, purpose: HttpPurpose, signal: AbortSignal): Promise<void>;
}

interface Session {
  readonly purpose: HttpPurpose;
  readonly headArrived: () => void;
  readonly answered: () => void;
}

/** `reason` for the purpose; `status` and `text` for the client. */
interface HeadRefusal {
  readonly reason: string;
  readonly status: string;
  readonly text: string;
}

const BAD_REQUEST = "this is no HTTP/1.1 request that can be understood without doubt\n";
const TOO_LARGE = "431 Request Header Fields Too Large";
const TOO_MANY: HeadRefusal = { reason: "a request with too many headers", status: TOO_LARGE, text: BAD_REQUEST };

export function createHttpFront(limits: WallLimits): HttpFront {
  const sessions = new WeakMap<Duplex, Session>();
  const sessionOf = (socket: Duplex): Session => {
    const session = sessions.get(socket);
    if (session === undefined) throw new Error("a request came from a connection that was not handed over");
    return session;
  };
  // The connection list that enforces Node's own timeouts exists only for listening servers.
  const server = createServer({
    maxHeaderSize: limits.headBytes,
    insecureHTTPParser: false,
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: 0,
    highWaterMark: 262_144,
    shouldUpgradeCallback: isWebSocket,
  });
  server.maxHeadersCount = KEPT_HEADERS;
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const session = sessionOf(request.socket);
    if (mayLackHeaders(request)) return refuseHead(request.socket, session, TOO_MANY);
    session.headArrived();
    response.once("close", session.answered);
    // Node's parser stops at an Upgrade header, also where it is declined: what follows it would wait for ever.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
    session.purpose.request(request, response);
  };
  server.on("request", onRequest);
  server.on("checkContinue", onRequest);
  server.on("checkExpectation", (request, response) => {
    sessionOf(request.socket).headArrived();
    response.writeHead(417, { connection: "close" }).end();
  });
  server.on("upgrade", (request, socket, head) => {
    const session = sessionOf(socket);
    if (mayLackHeaders(request)) return refuseHead(socket, session, TOO_MANY);
    session.headArrived();
    session.purpose.upgrade(request, socket, head);
  });
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    refuseHead(socket, sessionOf(socket), { reason: "a CONNECT request", status: "405 Method Not Allowed", text: "there is no proxy here: connect to the host itself\n" });
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) {
      socket.destroy();
      return;
    }
    sessions.get(socket)?.purpose.malformed(`malformed HTTP (${error.code ?? "unknown"})`);
    answerRaw(socket, error.code === "HPE_HEADER_OVERFLOW" ? TOO_LARGE : "400 Bad Request", BAD_REQUEST);
  });
  return {
    async serve(socket, purpose, signal) {
      const over = closed(socket);
      const release = resetOnAbort(signal, [socket]);
      const { stop, ...heads } = awaitHeads(socket, limits);
      sessions.set(socket, { purpose, ...heads });
      socket.setTimeout(limits.idleMs, () => {
        reset(socket);
      });
      socket.setNoDelay(true);
      server.emit("connection", socket);
      socket.resume();
      await over;
      stop();
      release();
    },
  };
}

/** Break a connection off on which no head comes in time while no request is under way. */
function awaitHeads(socket: Socket, { headMs, keepAliveMs }: WallLimits): Pick<Session, "headArrived" | "answered"> & { readonly stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let underWay = 0;
  const wait = (ms: number): void => {
    timer = setTimeout(() => {
      reset(socket);
    }, ms);
  };
  wait(headMs);
  return {
    headArrived() {
      underWay += 1;
      clearTimeout(timer);
    },
    answered() {
      underWay -= 1;
      if (underWay === 0) wait(keepAliveMs);
    },
    stop() {
      clearTimeout(timer);
    },
  };
}

/** Answer a head that goes nowhere, and end its connection. */
function refuseHead(socket: Duplex, { purpose, headArrived }: Session, { reason, status, text }: HeadRefusal): void {
  headArrived();
  purpose.malformed(reason);
  answerRaw(socket, status, text);
}

function isWebSocket(request: IncomingMessage): boolean {
  return request.method === "GET" && request.headers.upgrade?.toLowerCase() === "websocket";
}

/** Write a whole answer to a connection that speaks no more HTTP, and close it. */
export function answerRaw(socket: Duplex, status: string, body: string): void {
  socket.end(`HTTP/1.1 ${status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
  setTimeout(() => {
    socket.destroy();
  }, 1000).unref();
}
