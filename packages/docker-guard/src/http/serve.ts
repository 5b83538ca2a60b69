import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { chmod, rm } from "node:fs/promises";
import type { Duplex } from "node:stream";
import type { Guard } from "../guard.ts";
import { printable, Refusal } from "../refusal.ts";
import { findRoute } from "../routes/find-route.ts";
import { findReaperRoute } from "../routes/reaper.ts";
import { refusalAnswer, endUpgraded, send, sendUpgraded } from "./answer.ts";
import { checkHeaders } from "./check-headers.ts";
import { commonHeaders } from "../routes/system.ts";
import { checkVersion } from "./check-version.ts";
import { parseTarget } from "./parse-target.ts";

const HEADERS_MS = 10_000;
/** How much, and for how long, of what nobody wants any more. */
const MAX_REST_BYTES = 64 << 20;
const REST_MS = 5000;
/** For a body as a whole; archives are the only large ones. */
const REQUEST_MS = 300_000;

/** What serves a Docker API. Disposing ends it, with every connection. */
export interface Serving extends AsyncDisposable {
  /** For how many milliseconds there has been no connection; 0 while there is one. */
  readonly unusedMs: () => number;
}

/** Serve the Docker API of one sandbox on a unix socket, which only its owner may open until the daemon says otherwise. */
export async function serve(guard: Guard, socket: string): Promise<Serving> {
  const server = createServer({ maxHeaderSize: 96 << 10, headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: 30_000, insecureHTTPParser: false });
  server.maxConnections = guard.parts.limits.connections;
  // The server lets go of a connection that became a stream.
  const open = new Set<Duplex>();
  const now = (): number => guard.parts.now().getTime();
  let last = now();
  server.on("connection", (connection) => {
    open.add(connection);
    connection.once("close", () => {
      open.delete(connection);
      last = now();
    });
  });
  /** Where the last request was refused; whatever follows it is no request any more. */
  const refused = new WeakSet<Duplex>();
  server.on("request", (request, response) => void serveRequest(guard, { request, response, refused }));
  server.on("upgrade", (request, connection, head) => void serveUpgrade(guard, request, { connection, head }));
  server.on("connect", (_request, connection) => endUpgraded(connection, { status: 405, message: "this is no proxy" }));
  server.on("clientError", (_error, connection) => {
    // What cannot be read has no second chance on this connection, and one request has one answer.
    if (refused.has(connection)) connection.end();
    else if (connection.writable) endUpgraded(connection, { status: 400, message: "the request cannot be read in one way only" });
    else connection.destroy();
  });
  await rm(socket, { force: true });
  server.listen(socket);
  await once(server, "listening");
  await chmod(socket, 0o600);
  return { unusedMs: () => (open.size > 0 ? 0 : now() - last), [Symbol.asyncDispose]: () => close(server, socket, open) };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly refused: WeakSet<Duplex>;
}

async function serveRequest(guard: Guard, { request, response, refused }: Exchange): Promise<void> {
  response.on("error", () => undefined);
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  try {
    checkHeaders(request);
    guard.parts.pods.expect();
    const target = parseTarget(request.url ?? "");
    checkVersion(guard, target);
    const { route, params } = findReaperRoute(guard, request.method ?? "", target.segments) ?? findRoute(request.method ?? "", target.segments);
    const answer = await route.serve(guard, { source: { kind: "plain", request }, params, query: target.query, version: target.version, gone: gone.signal });
    await send(response, answer.answer, commonHeaders(guard));
  } catch (error) {
    tell(guard, request, error);
    refused.add(request.socket);
    await refuse(guard, { request, response }, error);
  }
}

/** What is not there, is taken, or is asked in a wrong moment is no refusal: every client does that. */
const FORBIDDEN = new Set([400, 403, 413]);

function tell({ parts: { onRefused } }: Guard, { method = "", url = "" }: IncomingMessage, error: unknown): void {
  if (!(error instanceof Refusal) || !FORBIDDEN.has(error.status)) return;
  onRefused?.({ method, path: printable(url.split("?")[0] ?? ""), status: error.status, message: printable(error.message) });
}

async function refuse(guard: Guard, { request, response }: Pick<Exchange, "request" | "response">, error: unknown): Promise<void> {
  if (!(error instanceof Refusal) && !response.destroyed) guard.parts.onFault(error);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, message } = refusalAnswer(error);
  const body = `${JSON.stringify({ message })}\n`;
  // The rest of a body that was not read must not be taken for a request.
  response.writeHead(status, { ...commonHeaders(guard), "content-type": "application/json", "content-length": Buffer.byteLength(body), connection: "close" });
  response.write(body);
  await readToEnd(request);
  response.end();
}

/** Who still sends when the connection closes never sees why: a rest is read and thrown away, as long as it is not too long. */
async function readToEnd(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const end = () => resolve(undefined);
  let bytes = 0;
  const count = (piece: Buffer) => {
    bytes += piece.length;
    if (bytes > MAX_REST_BYTES) end();
  };
  const timer = setTimeout(end, REST_MS);
  request.on("data", count).once("end", end).once("close", end).once("error", end);
  request.resume();
  await promise;
  clearTimeout(timer);
  request.off("data", count);
}

async function serveUpgrade(guard: Guard, request: IncomingMessage, { connection, head }: { readonly connection: Duplex; readonly head: Buffer }): Promise<void> {
  connection.on("error", () => undefined);
  const gone = new AbortController();
  connection.once("close", () => gone.abort());
  try {
    checkHeaders(request);
    if (request.headers.upgrade?.toLowerCase() !== "tcp") throw new Refusal(404, "this guard upgrades to plain streams only; BuildKit's sessions are not offered");
    const target = parseTarget(request.url ?? "");
    checkVersion(guard, target);
    const { route, params } = findRoute(request.method ?? "", target.segments);
    if (!route.upgrades) throw new Refusal(400, "this call gives no stream: ask without an upgrade");
    const { answer, rest } = await route.serve(guard, { source: { kind: "upgrade", request, socket: connection, head }, params, query: target.query, version: target.version, gone: gone.signal });
    sendUpgraded(connection, answer, rest);
  } catch (error) {
    tell(guard, request, error);
    if (!(error instanceof Refusal) && !connection.destroyed) guard.parts.onFault(error);
    endUpgraded(connection, refusalAnswer(error));
  }
}

async function close(server: Server, socket: string, open: ReadonlySet<Duplex>): Promise<void> {
  const closed = once(server, "close");
  server.close();
  for (const connection of open) connection.destroy();
  await closed;
  await rm(socket, { force: true });
}
