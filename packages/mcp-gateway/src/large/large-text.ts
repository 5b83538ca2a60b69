import type { SpooledPieces } from "./spool.ts";

/** Makes texts of pieces that come one after the other. */
export type TextFilter = (pieces: AsyncIterable<string>) => AsyncIterable<string>;

/**
 * A text of a message that is too large to be held: it stands where the text stands in the message's JSON, and is read in
 * pieces. Whoever does not know of it writes a short note in its place, and never the text.
 */
export class LargeText {
  readonly #pieces: SpooledPieces;
  readonly #filters: readonly TextFilter[];

  constructor(pieces: SpooledPieces, filters: readonly TextFilter[] = []) {
    this.#pieces = pieces;
    this.#filters = filters;
  }

  /** Characters of the text as it came. */
  get characters(): number {
    return this.#pieces.characters;
  }

  /** Read it from its beginning, as often as wanted. Rejects once its message was let go. */
  read(): AsyncIterable<string> {
    return this.#filters.reduce((pieces, filter) => filter(pieces), this.#pieces.read());
  }

  /** The same text as the filter leaves it. */
  filtered(filter: TextFilter): LargeText {
    return new LargeText(this.#pieces, [...this.#filters, filter]);
  }

  toJSON(): string {
    return `[a text of ${this.characters} characters, too large to be shown here]`;
  }
}
