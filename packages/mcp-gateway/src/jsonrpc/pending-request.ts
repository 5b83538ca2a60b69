import { AppError } from "@sbx/contracts";
import type { JsonObject } from "./json.ts";
import type { Spool } from "../large/spool.ts";
import type { RequestId } from "./message.ts";

export interface RequestOptions {
  /** Without an answer or progress for so long, the request is given up. */
  readonly timeoutMs: number;
  /** And after so long in any case. */
  readonly maxMs: number;
  readonly signal?: AbortSignal;
  /** Gets the params of each progress notification whose value grows. */
  readonly onProgress?: (params: JsonObject) => void;
  /** The other side's request that this one belongs to. */
  readonly related?: RequestId;
  /** Takes over where an answer's large texts are. Without it an answer that is too large to be held is refused. */
  readonly keep?: ((large: Spool) => void) | undefined;
}

/** A request that waits for its answer, its time or its caller. The first of them decides; the rest changes nothing. */
export class PendingRequest {
  readonly outcome: Promise<JsonObject>;
  readonly #settle: PromiseWithResolvers<JsonObject> = Promise.withResolvers();
  readonly #options: RequestOptions;
  readonly #deadline: NodeJS.Timeout;
  readonly #patience: NodeJS.Timeout;
  readonly #giveUp: (reason: string) => void;
  readonly #onAbort: () => void;
  #settled = false;
  #progress = Number.NEGATIVE_INFINITY;

  /** `tellCancelled` is called once, when the request ends without an answer of the other side. */
  constructor(options: RequestOptions, tellCancelled: (reason: string) => void) {
    this.#options = options;
    this.outcome = this.#settle.promise;
    this.#giveUp = tellCancelled;
    const late = (ms: number): (() => void) => {
      return () => {
        this.#abandon(timedOut(ms), "timeout");
      };
    };
    this.#patience = setTimeout(late(options.timeoutMs), options.timeoutMs).unref();
    this.#deadline = setTimeout(late(options.maxMs), options.maxMs).unref();
    this.#onAbort = () => {
      const reason: unknown = options.signal?.reason;
      this.#abandon(reason instanceof Error ? reason : new Error("aborted"), "cancelled by the caller");
    };
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get keep(): RequestOptions["keep"] {
    return this.#settled ? undefined : this.#options.keep;
  }

  resolve(result: JsonObject): void {
    this.#settled = true;
    this.#settle.resolve(result);
  }

  reject(reason: Error): void {
    this.#settled = true;
    this.#settle.reject(reason);
  }

  /** Progress must grow; what does not is dropped and keeps nobody waiting longer. */
  progress(params: JsonObject): void {
    const value = params["progress"];
    if (this.#settled || typeof value !== "number" || value <= this.#progress) return;
    this.#progress = value;
    this.#patience.refresh();
    this.#options.onProgress?.(params);
  }

  /** Lets go of timers and listeners. */
  release(): void {
    clearTimeout(this.#patience);
    clearTimeout(this.#deadline);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }

  #abandon(error: Error, reason: string): void {
    if (this.#settled) return;
    this.reject(error);
    this.#giveUp(reason);
  }
}

function timedOut(ms: number): AppError {
  return new AppError("DEADLINE_EXCEEDED", { message: `No answer within ${Math.round(ms / 100) / 10} s.`, fix: "Try again, or with less to do at once." });
}
