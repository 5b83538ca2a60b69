import type { ServerResponse } from "node:http";
import type { ByteBudget } from "../byte-budget.ts";
import { writePieces } from "../large/write-pieces.ts";

const KEEP_ALIVE_MS = 15_000;
const HEADERS = { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform", "x-accel-buffering": "no" } as const;

/** What one event carries; `id` and `retryMs` where the client may come back for the rest. */
export interface StreamEvent {
  readonly data: string;
  readonly id?: string;
  readonly event?: string;
  readonly retryMs?: number;
}

/** A response that is a stream of server-sent events. A client that does not read is cut off before it fills the memory. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #unreadBytes: number;
  readonly #budget: ByteBudget;
  readonly #keepAlive: NodeJS.Timeout;
  #unread = 0;

  constructor(
    response: ServerResponse,
    { unreadBytes, budget, headers = {}, onGone }: { readonly unreadBytes: number; readonly budget: ByteBudget; readonly headers?: Readonly<Record<string, string>>; readonly onGone: () => void },
  ) {
    this.#response = response;
    this.#unreadBytes = unreadBytes;
    this.#budget = budget;
    response.writeHead(200, { ...HEADERS, ...headers });
    response.flushHeaders();
    this.#keepAlive = setInterval(() => {
      if (response.writableLength === 0) response.write(": keep-alive\n\n");
    }, KEEP_ALIVE_MS).unref();
    response.once("close", () => {
      clearInterval(this.#keepAlive);
      budget.give(this.#unread);
      this.#unread = 0;
      onGone();
    });
    response.on("error", () => undefined);
  }

  get open(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded;
  }

  /** Write an event whole. What is unread already decides: a single large event may pass. */
  write({ data, id, event, retryMs }: StreamEvent): void {
    if (!this.open) return;
    const response = this.#response;
    if (response.writableLength > this.#unreadBytes || !this.#budget.take(data.length)) {
      response.destroy();
      return;
    }
    this.#unread += data.length;
    response.write(`${event === undefined ? "" : `event: ${event}\n`}${id === undefined ? "" : `id: ${id}\n`}${retryMs === undefined ? "" : `retry: ${retryMs}\n`}data: ${data}\n\n`, () => {
      // What was unread when the connection closed was given back then.
      if (response.closed) return;
      this.#unread -= data.length;
      this.#budget.give(data.length);
    });
  }

  /** Write the last event of the stream as its pieces come. Resolves with whether all of it was written. */
  async writeLast(id: string, pieces: AsyncIterable<string>): Promise<boolean> {
    if (!this.open) return false;
    clearInterval(this.#keepAlive);
    this.#response.write(`id: ${id}\ndata: `);
    if (!(await writePieces(this.#response, pieces))) return false;
    this.#response.write("\n\n");
    return true;
  }

  end(): void {
    clearInterval(this.#keepAlive);
    if (this.open) this.#response.end();
  }
}
