import { randomInt } from "node:crypto";

/** How long a server that failed is left alone: doubled each time up to a longest wait, and spread so that many do not come back at once. */
export class BackOff {
  readonly #firstMs: number;
  readonly #longestMs: number;
  #failures = 0;
  #until = 0;

  constructor(firstMs: number, longestMs: number) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
  }

  /** Milliseconds until the next try; 0 when it may be now. */
  remainingMs(): number {
    return Math.max(0, Math.ceil(this.#until - performance.now()));
  }

  failed(): void {
    const wait = Math.min(this.#longestMs, this.#firstMs * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    this.#until = performance.now() + wait / 2 + randomInt(Math.max(1, Math.floor(wait / 2)));
  }

  worked(): void {
    this.#failures = 0;
    this.#until = 0;
  }
}
