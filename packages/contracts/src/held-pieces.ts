/** Pieces of so many bytes are kept as they came. */
const WHOLE_BYTES = 4096;
const BLOCK_BYTES = 16 * 1024;

/**
 * Holds bytes that come in pieces until they are taken. Whoever sends decides how small those are, and the engine needs hundreds of
 * bytes for a piece of one: small ones are put together.
 */
export class HeldPieces {
  readonly #pieces: Buffer[] = [];
  #block: Buffer | undefined;
  #used = 0;
  #length = 0;

  /** How many bytes are held. */
  get length(): number {
    return this.#length;
  }

  /** Hold more; a large piece is not copied. */
  push(piece: Uint8Array): void {
    this.#length += piece.byteLength;
    if (piece.byteLength >= WHOLE_BYTES) {
      this.#keepBlock();
      this.#pieces.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
      return;
    }
    if (this.#used + piece.byteLength > BLOCK_BYTES) this.#keepBlock();
    this.#block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#block.set(piece, this.#used);
    this.#used += piece.byteLength;
  }

  /** Give all that is held, and hold nothing. `spent` is told of each piece whose bytes were copied into what is given. */
  take(spent?: (piece: Buffer) => void): Buffer {
    this.#keepBlock();
    const [first] = this.#pieces;
    const isOne = first !== undefined && this.#pieces.length === 1;
    const whole = isOne ? first : Buffer.concat(this.#pieces, this.#length);
    if (!isOne && spent !== undefined) for (const piece of this.#pieces) spent(piece);
    this.clear();
    return whole;
  }

  /** All that is held, which stays so. */
  look(): Buffer {
    const whole = this.take();
    this.push(whole);
    return whole;
  }

  /** Let go of all that is held. */
  clear(): void {
    this.#pieces.length = 0;
    this.#used = 0;
    this.#length = 0;
  }

  #keepBlock(): void {
    if (this.#used > 0) this.#pieces.push(Buffer.from(this.#block?.subarray(0, this.#used) ?? []));
    this.#used = 0;
  }
}
