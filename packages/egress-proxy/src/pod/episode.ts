/** Tells once that something began, and again only after it was over for a while. */
export class Episode {
  readonly #quietMs: number;
  readonly #now: () => number;
  #last = Number.NEGATIVE_INFINITY;

  constructor(quietMs: number, now: () => number = () => performance.now()) {
    this.#quietMs = quietMs;
    this.#now = now;
  }

  /** It goes on. True when this is its beginning. */
  happens(): boolean {
    const now = this.#now();
    const begins = now - this.#last > this.#quietMs;
    this.#last = now;
    return begins;
  }
}
