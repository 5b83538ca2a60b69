import { HeldPieces } from "@sbx/contracts/held-pieces";

const NEWLINE = 0x0a;

/** Cuts a stream of bytes into lines, each with its end. A line that is longer than `most` bytes is left out as a whole. */
export class LineCutter {
  readonly #most: number;
  readonly #held = new HeldPieces();
  #tooLong = false;
  #leftOut = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** How many lines were left out. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** The lines that end in this piece. */
  push(chunk: Uint8Array): readonly Buffer[] {
    const lines: Buffer[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      this.#hold(chunk.subarray(from, at + 1));
      from = at + 1;
      if (!this.#tooLong) lines.push(this.#held.take());
      this.#tooLong = false;
    }
    this.#hold(chunk.subarray(from));
    return lines;
  }

  /** What came after the end of the last line. */
  rest(): Buffer {
    return this.#held.take();
  }

  #hold(piece: Uint8Array): void {
    if (this.#tooLong || piece.byteLength === 0) return;
    if (this.#held.length + piece.byteLength <= this.#most) this.#held.push(piece);
    else {
      this.#held.clear();
      this.#tooLong = true;
      this.#leftOut += 1;
    }
  }
}
