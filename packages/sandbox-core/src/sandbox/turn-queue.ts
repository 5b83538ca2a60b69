/** Does work that has the same key one after the other, in the order in which it was asked for. */
export class TurnQueue {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Wait for what is under way on this key, then work; a failure before us is not ours. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(work);
    this.#last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}
