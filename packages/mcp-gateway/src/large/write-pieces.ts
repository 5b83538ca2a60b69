import { once } from "node:events";
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

async function drained(stream: Writable): Promise<void> {
  const signal = AbortSignal.timeout(STALLED_MS);
  const closed = new AbortController();
  try {
    await Promise.race([once(stream, "drain", { signal: AbortSignal.any([signal, closed.signal]) }), once(stream, "close", { signal: closed.signal })]);
  } finally {
    closed.abort();
  }
}
