import type { InitStarter } from "@sbx/core";
import { HoldLink } from "@sbx/hold";
import { closeDescriptor } from "@sbx/syscalls";

/** Pid 1 connects before it does anything else; one that has not come by then (its image has another) is not waited for again. */
const MEET_MS = 300;

/** The connection with the first process of one pod's workload, once it is there. */
export class PodInit implements Disposable {
  readonly #came = Promise.withResolvers<void>();
  #link: HoldLink | undefined;
  #isMissed = false;
  #isClosed = false;

  /** Take its connection; a second one, while the first is in use, is closed. */
  meet(connection: number): void {
    if (this.#isClosed || this.#link?.isOpen === true) return closeDescriptor(connection);
    this.#link = new HoldLink({ connection });
    this.#came.resolve();
  }

  /** Asked when the workload runs; `undefined` when nobody is there to start anything. */
  async starter(): Promise<InitStarter | undefined> {
    if (this.#link === undefined && !this.#isMissed) await this.#wait();
    return this.#link?.isOpen === true ? this.#link : undefined;
  }

  async #wait(): Promise<void> {
    const timer = setTimeout(() => {
      this.#isMissed = true;
      this.#came.resolve();
    }, MEET_MS);
    await this.#came.promise;
    clearTimeout(timer);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#came.resolve();
    this.#link?.[Symbol.dispose]();
  }
}
