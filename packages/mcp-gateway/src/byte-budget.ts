/** Bytes that may be held at a time for somebody, as part of what may be held for all. */
export class ByteBudget {
  readonly #limit: number;
  readonly #whole: ByteBudget | undefined;
  #taken = 0;

  constructor(limit: number, whole?: ByteBudget) {
    this.#limit = limit;
    this.#whole = whole;
  }

  /** Take bytes, to be given back; `false`, and nothing is taken, when there are not so many left. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#limit || this.#whole?.take(bytes) === false) return false;
    this.#taken += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#taken -= bytes;
    this.#whole?.give(bytes);
  }
}
