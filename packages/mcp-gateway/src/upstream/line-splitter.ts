import type { ByteBudget } from "../byte-budget.ts";

/** A line as it was read, or the beginning of one that was too long to keep. */
export type Line = { readonly kind: "line"; readonly text: string } | { readonly kind: "overlong"; readonly head: string };

const HEAD_BYTES = 256;
/** From this size on a line is counted against what may be held. */
const LARGE_BYTES = 64 * 1024;

/** Cuts a stream of bytes into lines, and keeps no more of a line than `maxBytes`, and than the budget has left. */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #budget: ByteBudget | undefined;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #taken = 0;
  #skipping = false;
  #lineBytes = 0;

  constructor(maxBytes: number, budget?: ByteBudget) {
    this.#maxBytes = maxBytes;
    this.#budget = budget;
  }

  /** Bytes of the line that has not ended yet, kept or not. */
  get lineBytes(): number {
    return this.#lineBytes;
  }

  /** Let go of a line that is not complete: nothing comes any more. */
  release(): void {
    this.#clear();
  }

  /** Take more bytes; gives the lines that are complete now, without their ends, and one that has become too long. Empty lines are left out. */
  *push(chunk: Buffer): Generator<Line, void, undefined> {
    let rest = chunk;
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      yield* this.#keep(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
      yield* this.#take();
    }
    yield* this.#keep(rest);
  }

  *#keep(part: Buffer): Generator<Line, void, undefined> {
    this.#lineBytes += part.length;
    if (part.length === 0 || this.#skipping) return;
    this.#chunks.push(part);
    this.#bytes += part.length;
    if (this.#bytes <= this.#maxBytes && this.#mayHold()) return;
    const head = Buffer.concat(this.#chunks.slice(0, HEAD_BYTES)).subarray(0, HEAD_BYTES).toString("latin1");
    this.#skipping = true;
    this.#clear();
    yield { kind: "overlong", head };
  }

  #mayHold(): boolean {
    if (this.#budget === undefined || this.#bytes < LARGE_BYTES) return true;
    const more = this.#bytes - this.#taken;
    if (!this.#budget.take(more)) return false;
    this.#taken += more;
    return true;
  }

  #clear(): void {
    this.#budget?.give(this.#taken);
    this.#taken = 0;
    this.#chunks.length = 0;
    this.#bytes = 0;
  }

  *#take(): Generator<Line, void, undefined> {
    this.#lineBytes = 0;
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    const text = (this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks, this.#bytes))?.toString("utf8").trim() ?? "";
    this.#clear();
    if (text !== "") yield { kind: "line", text };
  }
}
