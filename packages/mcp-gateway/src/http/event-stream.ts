import type { ServerResponse } from "node:http";

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
  readonly #keepAlive: NodeJS.Timeout;

  constructor(response: ServerResponse, { unreadBytes, headers = {}, onGone }: { readonly unreadBytes: number; readonly headers?: Readonly<Record<string, string>>; readonly onGone: () => void }) {
    this.#response = response;
    this.#unreadBytes = unreadBytes;
    response.writeHead(200, { ...HEADERS, ...headers });
    response.flushHeaders();
    this.#keepAlive = setInterval(() => {
      if (response.writableLength === 0) response.write(": keep-alive\n\n");
    }, KEEP_ALIVE_MS).unref();
    response.once("close", () => {
      clearInterval(this.#keepAlive);
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
    if (this.#response.writableLength > this.#unreadBytes) {
      this.#response.destroy();
      return;
    }
    this.#response.write(`${event === undefined ? "" : `event: ${event}\n`}${id === undefined ? "" : `id: ${id}\n`}${retryMs === undefined ? "" : `retry: ${retryMs}\n`}data: ${data}\n\n`);
  }

  end(): void {
    clearInterval(this.#keepAlive);
    if (this.open) this.#response.end();
  }
}
