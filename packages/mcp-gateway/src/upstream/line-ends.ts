const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Makes one line feed of each end of a line in a stream of events, where a carriage return alone and both together are ends as well:
 * whoever reads on looks for both kinds to the end of a piece for each of its lines, where there are both.
 */
export class LineEnds {
  /** That a line feed, if it comes next, belongs to an end that was given. */
  #isAfterReturn = false;

  /** The piece that comes next, the same one where nothing of it changes. */
  plain(piece: Uint8Array): Uint8Array {
    const from = this.#isAfterReturn && piece[0] === LINE_FEED ? 1 : 0;
    if (piece.length > 0) this.#isAfterReturn = piece.at(-1) === CARRIAGE_RETURN;
    if (!piece.includes(CARRIAGE_RETURN)) return from === 0 ? piece : piece.subarray(from);
    const plain = Buffer.allocUnsafe(piece.length);
    let length = 0;
    for (let at = from; at < piece.length; at += 1) {
      const byte = piece[at];
      if (byte === LINE_FEED && at > 0 && piece[at - 1] === CARRIAGE_RETURN) continue;
      plain[length] = byte === CARRIAGE_RETURN ? LINE_FEED : (byte ?? 0);
      length += 1;
    }
    return plain.subarray(0, length);
  }
}
