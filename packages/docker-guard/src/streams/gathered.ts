import { Readable } from "node:stream";
import { HeldPieces } from "@sbx/contracts";
import { giveBack } from "./give-back.ts";

/** As much as goes on in one piece: each stream on the way, and the engine, spend a turn on every piece. */
const PIECE_BYTES = 128 << 10;
/** The same of what goes to the disk, where each piece is a turn of another thread, too. */
export const DISK_PIECE_BYTES = 512 << 10;

/**
 * A stream of bytes in larger pieces, which are the reader's alone. What has come is not held back for what has not: it goes on when
 * nothing more comes in the same turn of the loop, or when the reader has read what it was given.
 */
export function gathered(input: Readable, { pieceBytes = PIECE_BYTES }: { readonly pieceBytes?: number } = {}): Readable {
  const held = new HeldPieces();
  let wanted = false;
  let flushing: NodeJS.Immediate | undefined;
  const output = new Readable({
    // It asks again when all was read, and what comes until then is gathered.
    highWaterMark: 1,
    read: () => {
      wanted = true;
      if (held.length >= pieceBytes) flush();
      else if (held.length > 0) flushing ??= setImmediate(flush);
      input.resume();
    },
    destroy: (error, done) => {
      clearImmediate(flushing);
      held.clear();
      done(error);
    },
  });
  const flush = (): void => {
    clearImmediate(flushing);
    flushing = undefined;
    if (held.length === 0 || !wanted || output.destroyed) return;
    wanted = false;
    // Nobody else has the pieces of which it is made.
    output.push(held.take(giveBack));
  };
  input.on("data", (piece: Buffer) => {
    // Who has let go of the output reads the rest of the input by itself.
    if (output.destroyed) return;
    held.push(piece);
    if (held.length < pieceBytes) {
      if (wanted) flushing ??= setImmediate(flush);
      return;
    }
    flush();
    if (held.length > 0) input.pause();
  });
  input.once("end", () => {
    wanted = true;
    flush();
    output.push(null);
  });
  const close = (): void => {
    if (!input.readableEnded) output.destroy(new Error("the bytes ended too early"));
  };
  input.once("error", (error) => output.destroy(error));
  input.once("close", close);
  // Who sends it may have gone before anybody looked.
  if (input.destroyed) close();
  return output;
}
