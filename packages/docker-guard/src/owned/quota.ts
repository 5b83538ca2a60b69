import { Refusal } from "../refusal.ts";

/** How many there may be, counting those that are being made. */
export class Quota {
  readonly #what: string;
  readonly #limit: number;
  readonly #used: () => number;
  #underWay = 0;

  constructor({ what, limit, used = () => 0 }: { readonly what: string; readonly limit: number; readonly used?: () => number }) {
    this.#what = what;
    this.#limit = limit;
    this.#used = used;
  }

  /** Take a place until disposed of: by then what was made counts by itself. @throws Refusal 409 */
  take(count = 1): Disposable {
    if (this.#used() + this.#underWay + count > this.#limit) throw new Refusal(409, `this sandbox has as many ${this.#what} as it may have (${this.#limit}); remove some`);
    this.#underWay += count;
    let taken = true;
    return {
      [Symbol.dispose]: () => {
        if (taken) this.#underWay -= count;
        taken = false;
      },
    };
  }
}
