import { Readable } from "node:stream";

/** As much as goes on in one piece: each stream on the way, and the engine, spend a turn on every piece. */
const PIECE_BYTES = 128 << 10;

/**
 * A stream of bytes in larger pieces. What has come is not held back for what has not: it goes on when nothing more comes in the same turn
 * of the loop.
 */
export function gathered(input: Readable): Readable {
  let pieces: Buffer[] = [];
  let bytes = 0;
  let flushing: NodeJS.Immediate | undefined;
  const output = new Readable({
    highWaterMark: 2 * PIECE_BYTES,
    read: () => void input.resume(),
    destroy: (error, done) => {
      clearImmediate(flushing);
      done(error);
    },
  });
  const flush = (): void => {
    clearImmediate(flushing);
    flushing = undefined;
    if (bytes === 0) return;
    const whole = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, bytes);
    pieces = [];
    bytes = 0;
    // Who has let go of the output reads the rest of the input by itself.
    if (!output.destroyed && !output.push(whole)) input.pause();
  };
  input.on("data", (piece: Buffer) => {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes >= PIECE_BYTES) flush();
    else flushing ??= setImmediate(flush);
  });
  input.once("end", () => {
    flush();
    output.push(null);
  });
  input.once("error", (error) => output.destroy(error));
  input.once("close", () => {
    if (!input.readableEnded) output.destroy(new Error("the bytes ended too early"));
  });
  return output;
}
