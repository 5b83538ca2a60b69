/** How long a thing is kept for which nobody has come. */
const KEPT_MS = 10 * 60_000;

/** How a thing that is kept ready comes and goes. */
export interface Keeping<Thing> {
  /** Begin to make one; what fails in it is the thing's to tell. */
  readonly begin: () => Thing;
  /** Take one away that nobody has. What cannot be taken away now is found by its labels later. */
  readonly end: (thing: Thing) => Promise<void>;
  /** How long after one was given away the next is made: whoever has it has work of its own to do first. */
  readonly laterMs: number;
}

/**
 * Keeps one thing ready for whoever comes next, since most of the time that a container needs to start is its gate's. Each
 * is given away once, and belongs to whoever took it from then on.
 *
 * Disposing takes away the one that nobody has.
 */
export class KeptReady<Thing extends object> implements AsyncDisposable {
  readonly #keeping: Keeping<Thing>;
  #thing: Thing | undefined;
  #idle: NodeJS.Timeout | undefined;
  #later: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(keeping: Keeping<Thing>) {
    this.#keeping = keeping;
  }

  /** Somebody may want one soon: make it, unless there is one, or will be soon. */
  expect(): void {
    if (this.#closed) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.#drop(), KEPT_MS).unref();
    if (this.#later === undefined) this.#thing ??= this.#keeping.begin();
  }

  /** Whoever has the last one will want another. */
  expectLater(): void {
    if (this.#closed) return;
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      this.expect();
    }, this.#keeping.laterMs).unref();
  }

  /** Take the one that is ready, or soon will be. */
  take(): Thing | undefined {
    const taken = this.#thing;
    this.#thing = undefined;
    return taken;
  }

  /** Nobody used the one that was taken. */
  async putBack(thing: Thing): Promise<void> {
    if (this.#closed || this.#thing !== undefined) await this.#keeping.end(thing);
    else this.#thing = thing;
  }

  /** One that could not be made is not kept. */
  forget(thing: Thing): void {
    if (this.#thing === thing) this.#thing = undefined;
  }

  /** Nobody is there any more who might want one: take it away until it is expected again. */
  async rest(): Promise<void> {
    clearTimeout(this.#later);
    this.#later = undefined;
    await this.#drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.rest();
  }

  async #drop(): Promise<void> {
    clearTimeout(this.#idle);
    const dropped = this.take();
    if (dropped !== undefined) await this.#keeping.end(dropped);
  }
}
