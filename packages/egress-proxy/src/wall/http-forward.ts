import { request as httpRequest, type ClientRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { HttpRequest } from "@sbx/egress-policy";
import { answer, answerRefusal, type Refusal } from "./http-answer.ts";
import { answerRaw, type HttpPurpose } from "./http-front.ts";
import { endToEndHeaders, mayLackHeaders, plainName, readTarget, toNodeHeaders, USUAL_PORT, type Origin } from "./http-headers.ts";
import { relayScrubbed } from "./terminate/relay-scrubbed.ts";
import { headersOf, type PutIn } from "./terminate/host-credential.ts";
import { reset } from "./socket.ts";
import { guardPair } from "./splice.ts";
import type { UpstreamProxy } from "./upstream-proxy.ts";

/** A request whose target was read, as it is decided. */
export interface ForwardedRequest extends HttpRequest {
  readonly rawHeaders: readonly string[];
}

/** `putIn`: headers that take the place of the request's own. `via`: the proxy that the connection ends at. */
export type ForwardDial =
  | { readonly kind: "connected"; readonly socket: Socket; readonly putIn: readonly PutIn[]; readonly via?: UpstreamProxy }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "failed"; readonly reason: string };

/** Where requests of one connection go, and how. */
export interface ForwardOptions extends Origin {
  /** Decides a request, and dials a vetted address for it. */
  readonly dial: (request: ForwardedRequest) => Promise<ForwardDial>;
  /** A request was refused for what it is; say so. */
  readonly denied: (reason: string) => void;
  readonly idleMs: number;
}

/** Requests that a client may send before the first is answered. */
const MAX_PIPELINED = 16;
const MAX_ANSWER_HEAD_BYTES = 65_536;
const DROP_FROM_REQUEST: ReadonlySet<string> = new Set(["host", "content-length"]);
/** What would let the answer be cut or coded so that a credential in it is not found. */
const DROP_BESIDE_CREDENTIALS = ["accept-encoding", "range", "if-range", "request-range"];
/** Methods for which Node sends no framing of its own when there is no body. */
const BODILESS: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]);
/** Alt-Svc would lead clients to UDP, which a pod does not have. */
const DROP_FROM_ANSWER: ReadonlySet<string> = new Set(["alt-svc"]);
const DROP_FROM_TRAILERS: ReadonlySet<string> = new Set([...DROP_FROM_REQUEST, ...DROP_FROM_ANSWER, "authorization", "cookie", "set-cookie", "trailer"]);

/**
 * Forward HTTP to the one host that was resolved. Every request is parsed, checked and written anew on an upstream
 * connection of its own, so that nothing of the client's framing reaches the upstream and no request can hide in another.
 * Bodies stream both ways.
 */
export function forwardHttp(options: ForwardOptions): HttpPurpose {
  let waiting = 0;
  let over = false;
  let turn: Promise<void> = Promise.resolve();
  return {
    request(request, response) {
      // What was sent after a request that ended the connection is not looked at.
      if (over) return;
      const target = readTarget(request, options);
      if (target.kind === "mismatch") {
        over = true;
        refuseMismatch(response, target.asked, options);
        return;
      }
      waiting += 1;
      if (waiting > MAX_PIPELINED) {
        reset(request.socket);
        return;
      }
      const answered = new Promise<void>((resolve) => {
        response.once("close", resolve);
      });
      turn = turn
        .then(() => forward(response, target.path, options))
        .then(() => answered)
        .finally(() => {
          waiting -= 1;
        });
    },
    upgrade(request, socket, head) {
      const target = readTarget(request, options);
      if (target.kind === "mismatch") {
        options.denied(mismatchReason(target.asked, options));
        answerRaw(socket, "421 Misdirected Request", `${mismatchReason(target.asked, options)}\n`);
        return;
      }
      void forwardUpgrade({ request, socket, head }, target.path, options);
    },
    malformed: options.denied,
  };
}

function mismatchReason(asked: string, { host, port }: ForwardOptions): string {
  return `the request is for ${asked}, but the connection is for ${host}:${port}`;
}

function refuseMismatch(response: ServerResponse, asked: string, options: ForwardOptions): void {
  const reason = mismatchReason(asked, options);
  options.denied(reason);
  answerRefusal(response, 421, { to: `${options.host}:${options.port}`, reason });
}

async function forward(response: ServerResponse, path: string, options: ForwardOptions): Promise<void> {
  if (response.destroyed) return;
  const dialled = await options.dial(requestOf(response.req, path));
  if (dialled.kind === "refused") answerRefusal(response, 403, dialled.refusal);
  if (dialled.kind === "failed") answer(response, 502, { text: `${options.host}:${options.port} could not be reached: ${dialled.reason}\n`, close: true });
  if (dialled.kind !== "connected") return;
  const upstream = open({ request: response.req, path, extra: {}, putIn: dialled.putIn, via: dialled.via }, dialled.socket, options);
  if (upstream === undefined) {
    options.denied("a request that cannot be written anew");
    answer(response, 400, { text: "the request cannot be written anew\n", close: true });
    return;
  }
  relay(response, upstream, { putIn: dialled.putIn, options });
}

function requestOf({ method = "GET", rawHeaders }: IncomingMessage, target: string): ForwardedRequest {
  return { method, target, rawHeaders };
}

interface Forwarded {
  readonly request: IncomingMessage;
  readonly path: string;
  /** Headers that the request gets beside its own. */
  readonly extra: Readonly<Record<string, string>>;
  readonly putIn: readonly PutIn[];
  readonly via?: UpstreamProxy | undefined;
}

/** Begin the upstream request. `undefined` when its method, path or headers are none that may be sent. */
function open({ request, path, extra, putIn, via }: Forwarded, socket: Socket, { scheme, host, port, idleMs }: ForwardOptions): ClientRequest | undefined {
  const authority = port === USUAL_PORT[scheme] ? host : `${host}:${port}`;
  const headers: Record<string, string | string[]> = {
    host: authority,
    ...toNodeHeaders(endToEndHeaders(request.rawHeaders, droppedBeside(putIn))),
    ...framing(request),
    ...(via?.authorization === undefined ? {} : { "proxy-authorization": via.authorization }),
    ...extra,
    ...(putIn.length === 0 ? {} : { "accept-encoding": "identity", ...headersOf(putIn) }),
  };
  socket.setTimeout(idleMs, () => {
    reset(socket);
  });
  try {
    if (request.method === "TRACE" && hasCredential({ putIn, via })) throw new Error("a credential has no place in it");
    return httpRequest({
      createConnection: () => socket,
      host,
      port,
      method: request.method ?? "GET",
      path: via === undefined ? path : `http://${authority}${path === "*" ? "" : path}`,
      headers,
      setHost: false,
      insecureHTTPParser: false,
      maxHeaderSize: MAX_ANSWER_HEAD_BYTES,
    });
  } catch {
    reset(socket);
    return undefined;
  }
}

/** Which headers of the client's do not go on beside these. */
function droppedBeside(putIn: readonly PutIn[]): ReadonlySet<string> {
  return putIn.length === 0 ? DROP_FROM_REQUEST : new Set([...DROP_FROM_REQUEST, ...DROP_BESIDE_CREDENTIALS, ...putIn.map(({ header }) => plainName(header))]);
}

/** Whether a request gets a credential of sbx's: one whose answer is the request itself must not (RFC 9110, section 9.3.8). */
function hasCredential({ putIn, via }: Pick<Forwarded, "putIn" | "via">): boolean {
  return putIn.length > 0 || via?.authorization !== undefined;
}

/** The framing of the body as Node's parser understood it: it refuses a message that has both. */
function framing(request: IncomingMessage): Record<string, string> {
  const length = request.headers["content-length"];
  if (request.headers["transfer-encoding"] !== undefined) return { "transfer-encoding": "chunked" };
  if (length !== undefined) return { "content-length": length };
  return BODILESS.has(request.method ?? "") ? {} : { "content-length": "0" };
}

interface Relayed {
  readonly putIn: readonly PutIn[];
  readonly options: ForwardOptions;
}

function relay(response: ServerResponse, upstream: ClientRequest, { putIn, options }: Relayed): void {
  const request = response.req;
  request.once("end", () => {
    if (putIn.length === 0) upstream.addTrailers(trailersOf(request));
  });
  request.pipe(upstream);
  // A host may say so without end, and nobody would wait for the client to take it.
  upstream.once("continue", () => {
    response.writeContinue();
  });
  const fail = (): void => {
    if (response.headersSent) reset(request.socket);
    else answer(response, 502, { text: "the host broke the connection off, or gave an answer that cannot be understood\n", close: true });
  };
  upstream.once("response", (reply) => {
    if (isDoubtful(reply)) upstream.destroy(new Error("an answer that cannot be understood"));
    else if (putIn.length === 0) relayAnswer(reply, response);
    else
      void relayScrubbed(reply, response, putIn).then((found) => {
        if (found) options.denied(`an answer of ${options.host} repeated the credential; it was taken out`);
      });
  });
  // Nobody asked it to switch.
  upstream.once("upgrade", (_, socket) => {
    socket.destroy();
    fail();
  });
  upstream.on("error", fail);
  response.once("close", () => {
    upstream.destroy();
  });
}

/** Whether an answer may be another one than is understood here, or its body is coded on the way. */
function isDoubtful(reply: IncomingMessage): boolean {
  const coding = reply.headers["transfer-encoding"]?.trim().toLowerCase() ?? "chunked";
  return mayLackHeaders(reply) || reply.statusCode === 101 || (coding !== "chunked" && coding !== "identity");
}

/** Trailers without those that would be taken for routing or credentials by whoever merges them into the headers. */
function trailersOf(message: IncomingMessage): [string, string][] {
  return endToEndHeaders(message.rawTrailers, DROP_FROM_TRAILERS).map(({ name, value }) => [name, value]);
}

function relayAnswer(reply: IncomingMessage, response: ServerResponse): void {
  try {
    response.writeHead(reply.statusCode ?? 502, reply.statusMessage ?? "", toNodeHeaders(endToEndHeaders(reply.rawHeaders, DROP_FROM_ANSWER)));
  } catch {
    response.socket?.destroy();
    return;
  }
  response.flushHeaders();
  reply.once("end", () => {
    response.addTrailers(trailersOf(reply));
  });
  reply.pipe(response);
  reply.once("close", () => {
    if (!reply.complete && response.socket !== null) reset(response.socket);
  });
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client sent after its request. */
  readonly head: Buffer;
}

async function forwardUpgrade({ request, socket, head }: Upgrade, path: string, options: ForwardOptions): Promise<void> {
  const dialled = await options.dial(requestOf(request, path));
  if (dialled.kind === "connected" && dialled.putIn.length > 0) {
    reset(dialled.socket);
    options.denied("a WebSocket to a host at which a credential is put in");
    answerRaw(socket, "403 Forbidden", "sbx puts a credential in at this host, which it does for single requests alone\n");
    return;
  }
  const upstream = dialled.kind === "connected" ? open({ request, path, extra: { connection: "Upgrade", upgrade: "websocket" }, putIn: [], via: dialled.via }, dialled.socket, options) : undefined;
  if (upstream === undefined) {
    answerRaw(socket, dialled.kind === "failed" ? "502 Bad Gateway" : "403 Forbidden", "the host could not be reached, or no rule allows it\n");
    return;
  }
  const client = request.socket;
  upstream.once("upgrade", (reply, upstreamSocket, upstreamHead) => {
    const headers = [...endToEndHeaders(reply.rawHeaders, DROP_FROM_ANSWER).map(({ name, value }) => `${name}: ${value}\r\n`), "connection: Upgrade\r\nupgrade: websocket\r\n"];
    client.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.join("")}\r\n`, "latin1");
    client.write(upstreamHead);
    if (dialled.kind === "connected") guardPair(client, dialled.socket, options.idleMs);
    upstreamSocket.write(head);
    client.pipe(upstreamSocket).pipe(client);
  });
  upstream.once("response", (reply) => {
    answerRaw(socket, `${reply.statusCode ?? 502} Not Upgraded`, "the host does not switch to a WebSocket\n");
    reply.destroy();
  });
  upstream.on("error", () => {
    reset(client);
  });
  client.once("close", () => {
    upstream.destroy();
  });
  upstream.end();
}
