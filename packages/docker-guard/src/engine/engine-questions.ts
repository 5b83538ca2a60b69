import { AppError } from "@sbx/contracts";
import { Pool, type Dispatcher } from "undici";

/** A listing of an engine with thousands of containers is smaller. */
export const MAX_ANSWER_BYTES = 64 << 20;
/** How long a connection is kept for the next question. */
const KEPT_MS = 10_000;

/** The answer to a question, whole. */
export interface EngineAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
}

/** What is only asked, on connections that are kept. Never for what changes something: one that the engine closed fails the next question. */
export interface EngineQuestions {
  /** `target`: path and query. @throws what went wrong, or the signal's reason */
  ask(target: string, signal?: AbortSignal): Promise<EngineAnswer>;
}

/** Ask an engine on a unix socket. Questions at the same time have a connection each. */
export function createEngineQuestions(socketPath: string): EngineQuestions {
  const pool = new Pool("http://docker", { socketPath, keepAliveTimeout: KEPT_MS, keepAliveMaxTimeout: KEPT_MS, headersTimeout: 0, bodyTimeout: 0 });
  return {
    ask(target, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<EngineAnswer>();
      pool.dispatch({ method: "GET", path: target }, new Collector(resolve, reject, signal));
      return promise;
    },
  };
}

/** Takes an answer to its end. */
class Collector implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: EngineAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #pieces: Buffer[] = [];
  #length = 0;
  #status = 0;
  #headers: Readonly<Record<string, unknown>> = {};
  #abort = (): void => {};

  constructor(resolve: (answer: EngineAnswer) => void, reject: (error: unknown) => void, signal: AbortSignal | undefined) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#abort = () => {
      controller.abort(reasonOf(this.#signal));
    };
    if (this.#signal?.aborted === true) this.#abort();
    else this.#signal?.addEventListener("abort", this.#abort, { once: true });
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Readonly<Record<string, unknown>>): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#length > MAX_ANSWER_BYTES) controller.abort(tooLong());
  }

  onResponseEnd(): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    const headers = Object.fromEntries(Object.entries(this.#headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])));
    this.#resolve({ status: this.#status, headers, bytes: Buffer.concat(this.#pieces, this.#length) });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#reject(error);
  }
}

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error("aborted");
}

/** The answer is longer than what is taken. */
export function tooLong(): AppError {
  return new AppError("ENGINE_FAILED", { message: "The engine's answer is longer than any that is expected.", fix: "Run: sbx doctor. It says what is wrong with the engine." });
}
