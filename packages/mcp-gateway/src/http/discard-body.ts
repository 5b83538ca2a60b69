import type { IncomingMessage } from "node:http";

/** Whoever sends more than this after a refusal, or takes longer, is cut off without a regard for what it has read. */
const MAX_DISCARDED_BYTES = 8 << 20;
const DISCARD_MS = 10_000;

/**
 * Read what is left of a body and throw it away, bounded in bytes and time: who still sends when the connection closes never
 * sees the answer. Calls `done` once, at the end of the body or of what is read of it.
 */
export function discardBody(request: IncomingMessage, done: () => void): void {
  let bytes = 0;
  const end = (): void => {
    clearTimeout(timer);
    request.off("data", onData).off("end", end).off("close", end).pause();
    done();
  };
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > MAX_DISCARDED_BYTES) end();
  };
  const timer = setTimeout(end, DISCARD_MS);
  if (request.readableEnded || request.destroyed || Number(request.headers["content-length"] ?? 0) > MAX_DISCARDED_BYTES) {
    end();
    return;
  }
  request.on("error", () => undefined);
  request.on("data", onData).once("end", end).once("close", end).resume();
}
