/** So many at once, and so many a second after that. Time is in milliseconds and never goes back. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => number;
  #tokens: number;
  #at: number;

  constructor({ perSecond, burst, now = () => performance.now() }: { readonly perSecond: number; readonly burst: number; readonly now?: () => number }) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#now = now;
    this.#tokens = burst;
    this.#at = now();
  }

  /** Take one if there is one. */
  take(): boolean {
    const now = this.#now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) * this.#perSecond) / 1000);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Whether it is full again: nobody has been held up for a while. */
  get full(): boolean {
    return this.#tokens + ((this.#now() - this.#at) * this.#perSecond) / 1000 >= this.#burst;
  }
}
