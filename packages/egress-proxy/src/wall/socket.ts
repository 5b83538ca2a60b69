import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/**
 * End a connection so that the other side sees a refusal or a break, never a clean end: of TLS one without its closing words.
 * One whose own end is on its way can only be closed: Node fails to reset such a socket, and then never closes it.
 */
export function reset(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket instanceof TLSSocket || (socket.writableEnded && !socket.writableFinished)) socket.destroy();
  else socket.resetAndDestroy();
}

/** Resolves when the socket is gone, whatever the reason. */
export function closed(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("close", () => {
    resolve();
  });
  return promise;
}

/** Reset the sockets when the signal fires; call the result when they are somebody else's care again. */
export function resetOnAbort(signal: AbortSignal, sockets: readonly Socket[]): () => void {
  const abort = (): void => {
    for (const socket of sockets) reset(socket);
  };
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return () => {
    signal.removeEventListener("abort", abort);
  };
}
