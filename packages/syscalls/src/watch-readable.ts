import { koffi } from "./libc.ts";

/** Attention to one descriptor by the event loop. Close it before the descriptor. */
export interface ReadableWatch {
  pause(): void;
  resume(): void;
  close(): void;
}

/**
 * Call `onReadable` whenever the descriptor of a socket has something to take: a connection, a datagram, a message, an end.
 *
 * Level-triggered: it is called again as long as something is there. Node has no public way to wait for a descriptor
 * without reading or changing it; its UDP sockets switch SO_REUSEADDR on, which would let others take our port. The
 * descriptor must not be in use by any other part of the event loop.
 */
export function watchReadable(fd: number, onReadable: () => void): ReadableWatch {
  const watch = () => koffi().node.poll(fd, { readable: true }, onReadable);
  let handle: ReturnType<typeof watch> | undefined = watch();
  let closed = false;
  return {
    pause() {
      handle?.close();
      handle = undefined;
    },
    resume() {
      if (!closed) handle ??= watch();
    },
    close() {
      closed = true;
      handle?.close();
      handle = undefined;
    },
  };
}
