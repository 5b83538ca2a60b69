import { HeldPieces } from "@sbx/contracts";
import type { ByteBudget } from "../byte-budget.ts";
import type { Json } from "../jsonrpc/json.ts";
import type { LargeLine, LargeLines } from "../large/large-line.ts";
import type { Spool } from "../large/spool.ts";

/** A line as it was read; a long one as what it says, with where its large texts are; or the beginning of one that was refused. */
export type Line =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "large"; readonly value: Json; readonly spool: Spool; readonly head: string }
  | { readonly kind: "overlong"; readonly head: string; readonly why?: string };

const HEAD_BYTES = 256;
/** From this size on a line is counted against what may be held. */
const LARGE_BYTES = 64 * 1024;

/** Cuts a stream of bytes into lines, and keeps no more of a line than `maxBytes`, and than the budget has left. With `large`, long lines are JSON and read while they come. */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #budget: ByteBudget | undefined;
  readonly #held = new HeldPieces();
  #taken = 0;
  #skipping = false;
  #lineBytes = 0;
  #head = "";
  readonly #largeLines: LargeLines | undefined;
  #large: LargeLine | undefined;

  constructor(maxBytes: number, budget?: ByteBudget, large?: LargeLines) {
    this.#maxBytes = maxBytes;
    this.#budget = budget;
    this.#largeLines = large;
  }

  /** What a line that is read while it comes has put aside, so that its sender can be made to wait. */
  get spool(): Spool | undefined {
    return this.#large?.spool;
  }

  /** Bytes of the line that has not ended yet, kept or not. */
  get lineBytes(): number {
    return this.#lineBytes;
  }

  /** Let go of a line that is not complete: nothing comes any more. */
  release(): void {
    this.#clear();
    this.#dropLarge();
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
    if (this.#large !== undefined) {
      yield* this.#feed(this.#large, part);
      return;
    }
    this.#held.push(part);
    if (this.#largeLines !== undefined && this.#held.length > this.#largeLines.fromBytes) {
      const held = this.#takeHeld();
      yield* this.#feed(this.#beginLarge(this.#largeLines, held), held);
      return;
    }
    if (this.#held.length <= this.#maxBytes && this.#mayHold()) return;
    const head = headOf(this.#takeHeld());
    this.#skipping = true;
    yield { kind: "overlong", head };
  }

  #beginLarge({ open }: LargeLines, begin: Buffer): LargeLine {
    this.#head = headOf(begin);
    const large = open();
    this.#large = large;
    return large;
  }

  #takeHeld(): Buffer {
    const held = this.#held.take();
    this.#clear();
    return held;
  }

  *#feed(large: LargeLine, part: Buffer): Generator<Line, void, undefined> {
    try {
      large.push(part);
      if (this.#lineBytes > (this.#largeLines?.maxBytes ?? 0)) throw new Error("it has more bytes than a message may");
    } catch (error) {
      this.#dropLarge();
      this.#skipping = true;
      yield { kind: "overlong", head: this.#head, why: error instanceof Error ? error.message : String(error) };
    }
  }

  #endLarge(large: LargeLine): Line {
    this.#large = undefined;
    try {
      const value = large.end();
      large.release();
      return { kind: "large", value, spool: large.spool, head: this.#head };
    } catch (error) {
      this.#large = large;
      this.#dropLarge();
      return { kind: "overlong", head: this.#head, why: error instanceof Error ? error.message : String(error) };
    }
  }

  #dropLarge(): void {
    const large = this.#large;
    this.#large = undefined;
    large?.release();
    // A file without a name goes with its handle, whatever closing it says.
    void large?.spool[Symbol.asyncDispose]().catch(() => undefined);
  }

  #mayHold(): boolean {
    if (this.#budget === undefined || this.#held.length < LARGE_BYTES) return true;
    const more = this.#held.length - this.#taken;
    if (!this.#budget.take(more)) return false;
    this.#taken += more;
    return true;
  }

  #clear(): void {
    this.#budget?.give(this.#taken);
    this.#taken = 0;
    this.#held.clear();
  }

  *#take(): Generator<Line, void, undefined> {
    this.#lineBytes = 0;
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    if (this.#large !== undefined) {
      yield this.#endLarge(this.#large);
      return;
    }
    const text = this.#takeHeld().toString("utf8").trim();
    if (text !== "") yield { kind: "line", text };
  }
}

function headOf(bytes: Buffer): string {
  return bytes.toString("latin1", 0, HEAD_BYTES);
}
