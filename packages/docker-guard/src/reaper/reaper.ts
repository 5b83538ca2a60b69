import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { GuardListener } from "../ports.ts";
import { readFilterLine, type FilterLine } from "./filter-line.ts";

const MAX_LINE = 4096;
const MAX_FILTERS = 256;
const MAX_CONNECTIONS = 64;

export interface ReaperParts {
  readonly listen: (serve: (connection: Duplex) => void) => Promise<GuardListener>;
  /** Remove what of the sandbox has all labels of one of the filters. */
  readonly reap: (filters: readonly FilterLine[]) => Promise<void>;
  /** It has done what it was there for. */
  readonly onEnd: () => void;
  readonly onFault: (error: unknown) => void;
  /** How long it waits for a client to come back after the last one went. */
  readonly graceMs: number;
  /** How long it waits for the first client. */
  readonly firstMs: number;
}

/**
 * Does what Ryuk does, by its protocol: each line of a client names labels and is answered with ACK; when the last client
 * has gone and none comes back, whatever has those labels is removed, and the reaper ends.
 */
export class Reaper implements AsyncDisposable {
  readonly #parts: ReaperParts;
  readonly #filters = new Map<string, FilterLine>();
  readonly #clients = new Set<Duplex>();
  readonly #ended = new AbortController();
  #waiting = new AbortController();
  #listener: GuardListener | undefined;

  constructor(parts: ReaperParts) {
    this.#parts = parts;
  }

  get port(): number | undefined {
    return this.#listener?.port;
  }

  /** Resolves when clients can connect. Does nothing when they can already. */
  async start(): Promise<void> {
    if (this.#listener !== undefined) return;
    this.#listener = await this.#parts.listen((client) => this.#serve(client));
    if (this.#clients.size === 0) void this.#wait(this.#parts.firstMs);
  }

  /** Ends without removing anything. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    this.#waiting.abort();
    for (const client of this.#clients) client.destroy();
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.[Symbol.asyncDispose]();
  }

  #serve(client: Duplex): void {
    client.on("error", () => undefined);
    if (this.#ended.signal.aborted || this.#clients.size >= MAX_CONNECTIONS) {
      client.destroy();
      return;
    }
    this.#waiting.abort();
    this.#clients.add(client);
    let rest = "";
    client.on("data", (piece: Buffer) => {
      rest += piece.toString("utf8");
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > MAX_LINE || !lines.every((line) => this.#take(line, client))) client.destroy();
    });
    client.once("end", () => client.end());
    client.once("close", () => {
      this.#clients.delete(client);
      if (this.#clients.size === 0) void this.#wait(this.#parts.graceMs);
    });
  }

  #take(line: string, client: Duplex): boolean {
    const filter = line.length > MAX_LINE ? undefined : readFilterLine(line);
    if (filter === undefined || this.#filters.size >= MAX_FILTERS) return false;
    this.#filters.set(filter.labels.join("&"), filter);
    client.write("ACK\n");
    return true;
  }

  async #wait(ms: number): Promise<void> {
    const waiting = new AbortController();
    this.#waiting = waiting;
    try {
      await sleep(ms, undefined, { signal: AbortSignal.any([waiting.signal, this.#ended.signal]) });
    } catch {
      return;
    }
    try {
      await this.#parts.reap([...this.#filters.values()]);
    } catch (error) {
      this.#parts.onFault(error);
    }
    this.#parts.onEnd();
    await this[Symbol.asyncDispose]();
  }
}
