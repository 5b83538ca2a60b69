import type { Writable } from "node:stream";

/** A reader that takes nothing for so long is let go. */
const STALLED_MS = 60_000;

/**
 * Write pieces as fast as they are read at the other end, and hold one of them at a time. Resolves with whether all were
 * written; a stream that closes, or that nobody reads, ends it, and is then destroyed with what was written of it.
 */
export async function writePieces(stream: Writable, pieces: AsyncIterable<string>): Promise<boolean> {
  try {
    for await (const piece of pieces) {
      if (!isOpen(stream)) return false;
      if (stream.write(piece)) continue;
      await drained(stream);
    }
    return isOpen(stream);
  } catch {
    // Half a message is worse than none: its reader sees that it is not whole.
    stream.destroy();
    return false;
  }
}

/** An HTTP response says that it is writable also when its client has gone. */
function isOpen(stream: Writable): boolean {
  return !stream.destroyed && !stream.closed && !stream.writableEnded;
}

/** A signal with a time limit would live as long as that, and there is one wait for each piece. */
async function drained(stream: Writable): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stalled = setTimeout(reject, STALLED_MS, new Error("nobody reads"));
  stream.once("drain", resolve).once("close", resolve).once("error", reject);
  try {
    await promise;
  } finally {
    clearTimeout(stalled);
    stream.off("drain", resolve).off("close", resolve).off("error", reject);
  }
}
