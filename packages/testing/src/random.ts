/** Random numbers of a seed, so that a run can be repeated (mulberry32), and choices by them. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Whole, from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(list: readonly T[]): T {
    const [found] = list.slice(this.below(list.length)).slice(0, 1);
    if (found === undefined) throw new Error("an empty list");
    return found;
  }

  /**
   * Some of these fields, each with one of its values. The first two of each are harmless ones and are taken most of the
   * time: otherwise hardly a request would be let pass.
   */
  some(values: Readonly<Record<string, readonly unknown[]>>, most: number): Record<string, unknown> {
    const names = Object.keys(values);
    const chosen = Array.from({ length: this.below(most) }, () => this.pick(names));
    return Object.fromEntries(
      chosen.map((name) => {
        const list = values[name] ?? [];
        return [name, this.chance(0.93) ? this.pick(list.slice(0, 2)) : this.pick(list)];
      }),
    );
  }
}
