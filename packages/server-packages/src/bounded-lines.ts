const NEWLINE = 0x0a;

/** Cuts bytes into lines and holds no more than the beginning of one: what a line has beyond `maxBytes` is thrown away as it comes. */
export class BoundedLines {
  readonly #maxBytes: number;
  #held = Buffer.alloc(0);

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of the line that has not ended yet, as far as they are kept. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Take more bytes; gives the lines that they end. */
  *push(chunk: Buffer): Generator<string, void, undefined> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#hold(chunk.subarray(start, end));
      start = end + 1;
      yield this.#take();
    }
    this.#hold(chunk.subarray(start));
  }

  /** Nothing comes any more; gives what had no end. */
  *end(): Generator<string, void, undefined> {
    if (this.#held.length > 0) yield this.#take();
  }

  #hold(part: Buffer): void {
    const room = this.#maxBytes - this.#held.length;
    if (room > 0 && part.length > 0) this.#held = Buffer.concat([this.#held, part.subarray(0, room)]);
  }

  #take(): string {
    const line = this.#held.toString("utf8").replace(/\r$/, "");
    this.#held = Buffer.alloc(0);
    return line;
  }
}
