import type { ServerResponse } from "node:http";
import { jsonFromMessage, RPC_CODES, type RequestId, type RpcMessage, type RpcResponse, type RpcResult } from "../jsonrpc/message.ts";
import { jsonPieces } from "../large/json-pieces.ts";
import { writePieces } from "../large/write-pieces.ts";
import type { ByteBudget } from "../byte-budget.ts";
import type { GatewayLimits } from "../limits.ts";
import type { Outlet } from "../session/session.ts";
import { EventKeeper, eventId, parseEventId } from "./event-keeper.ts";
import { EventStream } from "./event-stream.ts";
import { HttpRefusal } from "./refusal.ts";

/** A stream of events: that of one request, or one that a client opened for what belongs to no request. */
interface Stream {
  readonly number: number;
  sequence: number;
  connection: EventStream | undefined;
  /** Nothing comes any more. */
  ended: boolean;
}

/** The answer to one request: one JSON document, or a stream once something else has to be said before it. */
interface Reply {
  readonly response: ServerResponse;
  stream: Stream | undefined;
  readonly patience: NodeJS.Timeout;
}

/** So long a request waits for its answer before its response begins as a stream, so that nothing on the way gives it up. */
const JSON_WITHIN_MS = 5000;
const RETRY_MS = 1000;
/** Messages for a client that has no stream open yet. */
const MAX_BACKLOG = 100;
const MAX_STREAMS_KEPT = 512;

export interface SessionStreamsOptions {
  readonly limits: GatewayLimits;
  /** What answers count against that the client has not read. */
  readonly budget: () => ByteBudget;
  /** What is kept for clients that may come for it counts against this. */
  readonly kept: () => ByteBudget;
  /** Headers of every response of the session. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** Whether the client knows events without data, by which it learns where to resume. */
  readonly primes: () => boolean;
}

/** How a session's messages reach its client over streamable HTTP. */
export class SessionStreams implements Outlet {
  readonly #options: SessionStreamsOptions;
  readonly #keeper: EventKeeper;
  readonly #streams = new Map<number, Stream>();
  readonly #replies = new Map<RequestId, Reply>();
  readonly #standing = new Set<Stream>();
  readonly #backlog: string[] = [];
  #backlogCharacters = 0;
  #numbers = 0;
  #closed = false;

  constructor(options: SessionStreamsOptions) {
    this.#options = options;
    this.#keeper = new EventKeeper(options.limits, options.kept);
  }

  /** Whether a client holds a connection open, or waits for an answer. */
  get inUse(): boolean {
    return this.#replies.size > 0 || [...this.#streams.values()].some(({ connection }) => connection?.open === true);
  }

  get hears(): boolean {
    return this.#standingStream()?.connection?.open === true;
  }

  /** Take the response in which the answer to a request will go. To be called before the request is handed on. */
  expect(id: RequestId, response: ServerResponse): void {
    const patience = setTimeout(() => {
      const reply = this.#replies.get(id);
      if (reply !== undefined) this.#streamOf(reply);
    }, JSON_WITHIN_MS).unref();
    this.#replies.set(id, { response, stream: undefined, patience });
    response.on("error", () => undefined);
  }

  /** Whether a request with this id waits for its answer. */
  expects(id: RequestId): boolean {
    return this.#replies.has(id);
  }

  /** Open a stream for what belongs to no request. @throws HttpRefusal 409 when there are too many */
  stand(response: ServerResponse): void {
    const open = [...this.#standing].filter(({ connection }) => connection?.open === true);
    if (open.length >= this.#options.limits.streamsPerSession) throw new HttpRefusal(409, "Conflict: this session has too many streams open.");
    const stream = this.#newStream();
    this.#standing.add(stream);
    this.#connect(stream, response);
    this.#prime(stream);
    this.#writeBacklog(stream);
  }

  /** Go on with a stream after the event that the client saw last, and with that stream only. @throws HttpRefusal */
  resume(lastEventId: string, response: ServerResponse): void {
    const last = parseEventId(lastEventId);
    const stream = last === undefined ? undefined : this.#streams.get(last.stream);
    if (last === undefined || stream === undefined) throw new HttpRefusal(400, "Bad request: no stream of this session has an event of this id.");
    // The old connection may be one that the client lost and we still hold.
    stream.connection?.end();
    const missed = this.#keeper.after(stream.number, last.sequence);
    this.#connect(stream, response);
    for (const event of missed) stream.connection?.write({ data: event.data, id: eventId(event) });
    if (stream.ended) stream.connection?.end();
    else if (this.#standing.has(stream)) this.#writeBacklog(stream);
  }

  send(message: RpcMessage, related: RequestId | undefined): void | Promise<void> {
    if (this.#closed) return;
    const reply = related === undefined ? undefined : this.#replies.get(related);
    if (message.kind === "result" || message.kind === "error") return reply === undefined ? undefined : this.#respond(message, reply);
    const data = JSON.stringify(jsonFromMessage(message));
    const stream = reply === undefined ? this.#standingStream() : this.#streamOf(reply);
    if (stream !== undefined) this.#write(stream, data);
    else this.#putBack(data);
  }

  /** A request that was cancelled gets no answer: its response ends without one. */
  abandon(id: RequestId): void {
    const reply = this.#replies.get(id);
    if (reply === undefined) return;
    this.#forget(id, reply);
    if (reply.stream !== undefined) this.#end(reply.stream);
    else if (!reply.response.headersSent) reply.response.writeHead(202, this.#options.headers()).end();
  }

  close(): void {
    this.#closed = true;
    for (const id of this.#replies.keys()) this.abandon(id);
    for (const stream of this.#streams.values()) stream.connection?.end();
    this.#streams.clear();
    this.#takeBacklog();
    this.#keeper.clear();
  }

  #respond(message: RpcResponse, reply: Reply): void | Promise<void> {
    if (message.id === undefined) return;
    this.#forget(message.id, reply);
    if (message.kind === "result" && message.large !== undefined) return this.#answerLarge(message, reply);
    this.#answer(reply, JSON.stringify(jsonFromMessage(message)));
  }

  #answer(reply: Reply, data: string): void {
    if (reply.stream === undefined) {
      this.#answerJson(reply.response, data);
      return;
    }
    this.#write(reply.stream, data, true);
    this.#end(reply.stream);
  }

  /** What is too large to be held goes as fast as the client reads. */
  async #answerLarge(message: RpcResult, reply: Reply): Promise<void> {
    const { response, stream } = reply;
    const pieces = jsonPieces(jsonFromMessage(message));
    if (stream === undefined) {
      if (response.closed || response.destroyed) return;
      response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store", ...this.#options.headers() });
      if (await writePieces(response, pieces)) response.end();
      else response.destroy();
      return;
    }
    stream.sequence += 1;
    const { number, sequence } = stream;
    this.#keeper.keep({ stream: number, sequence, data: notKept(JSON.stringify(message.id)) });
    const { connection } = stream;
    stream.ended = true;
    if (connection === undefined) return;
    if (await connection.writeLast(eventId({ stream: number, sequence }), pieces)) connection.end();
    else response.destroy();
  }

  #answerJson(response: ServerResponse, data: string): void {
    if (response.closed || response.destroyed) return;
    const budget = this.#options.budget();
    // The connection ends without an answer: what the client has not read already is too much.
    if (!budget.take(data.length)) {
      response.destroy();
      return;
    }
    response.once("close", () => {
      budget.give(data.length);
    });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(data), "cache-control": "no-store", ...this.#options.headers() });
    response.end(data);
  }

  #forget(id: RequestId, reply: Reply): void {
    clearTimeout(reply.patience);
    this.#replies.delete(id);
  }

  #streamOf(reply: Reply): Stream {
    if (reply.stream === undefined) {
      reply.stream = this.#newStream();
      this.#connect(reply.stream, reply.response);
      this.#prime(reply.stream);
    }
    return reply.stream;
  }

  #newStream(): Stream {
    this.#numbers += 1;
    const stream: Stream = { number: this.#numbers, sequence: 0, connection: undefined, ended: false };
    this.#streams.set(stream.number, stream);
    for (const old of this.#streams.values()) {
      if (this.#streams.size <= MAX_STREAMS_KEPT) break;
      if (old.ended || (this.#standing.has(old) && old.connection === undefined)) this.#drop(old);
    }
    return stream;
  }

  #drop(stream: Stream): void {
    this.#streams.delete(stream.number);
    this.#standing.delete(stream);
  }

  #connect(stream: Stream, response: ServerResponse): void {
    const connection: EventStream = new EventStream(response, {
      unreadBytes: this.#options.limits.unreadBytes,
      budget: this.#options.budget(),
      headers: this.#options.headers(),
      onGone: () => {
        if (stream.connection === connection) stream.connection = undefined;
      },
    });
    stream.connection = connection;
  }

  #prime(stream: Stream): void {
    if (this.#options.primes()) stream.connection?.write({ data: "", id: eventId({ stream: stream.number, sequence: stream.sequence }), retryMs: RETRY_MS });
  }

  #write(stream: Stream, data: string, isAnswer = false): void {
    stream.sequence += 1;
    const { number, sequence } = stream;
    stream.connection?.write({ data, id: eventId({ stream: number, sequence }) });
    const kept = isAnswer && data.length > this.#options.limits.keptBytes ? tooLargeToKeep(data) : data;
    this.#keeper.keep({ stream: number, sequence, data: kept });
  }

  /** Keep what a client without a stream may come for; what is more than that is lost to it. */
  #putBack(data: string): void {
    if (this.#backlog.length >= MAX_BACKLOG || this.#backlogCharacters + data.length > this.#options.limits.keptBytes || !this.#options.kept().take(data.length)) return;
    this.#backlog.push(data);
    this.#backlogCharacters += data.length;
  }

  #writeBacklog(stream: Stream): void {
    for (const data of this.#takeBacklog()) this.#write(stream, data);
  }

  #takeBacklog(): readonly string[] {
    this.#options.kept().give(this.#backlogCharacters);
    this.#backlogCharacters = 0;
    return this.#backlog.splice(0);
  }

  #end(stream: Stream): void {
    stream.ended = true;
    stream.connection?.end();
  }

  /** The newest stream that is open; a stream without a connection whose client may come back only if none is. */
  #standingStream(): Stream | undefined {
    const newestFirst = [...this.#standing].toReversed();
    return newestFirst.find(({ connection }) => connection?.open === true) ?? newestFirst[0];
  }
}

/** What a client gets that lost its connection during an answer which is not kept. */
function tooLargeToKeep(data: string): string {
  return notKept(/^\{"jsonrpc":"2\.0","id":(?<id>"(?:[^"\\]|\\.)*"|-?\d+)/.exec(data)?.groups?.["id"] ?? "null");
}

function notKept(id: string): string {
  return `{"jsonrpc":"2.0","id":${id},"error":{"code":${RPC_CODES.internal},"message":"The connection was lost during an answer that is too large to be kept. Ask again."}}`;
}
