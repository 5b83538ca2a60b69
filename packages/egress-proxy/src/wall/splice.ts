import type { OnReadOpts, Socket } from "node:net";
import { closed, reset, resetOnAbort } from "./socket.ts";

const BUFFER_BYTES = 262_144;
/** Buffers that are kept for later connections. */
const KEPT_BUFFERS = 32;
/** Without progress, for what is still on its way when the other side is gone for good. */
const FLUSH_MS = 60_000;

/** Lends out buffers: making one for each connection costs more than everything else about a small one. */
export interface BufferPool {
  take(): Buffer;
  /** Nobody may hold the buffer any longer. */
  give(buffer: Buffer): void;
}

export function createBufferPool(): BufferPool {
  const free: Buffer[] = [];
  return {
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES),
    give(buffer) {
      if (free.length < KEPT_BUFFERS) free.push(buffer);
    },
  };
}

/**
 * Passes what an upstream sends straight on to a client, and stops reading while the client is slow. Two buffers take turns:
 * one is filled by the kernel while the other is on its way.
 */
export interface BulkReader {
  /** For `net.connect`. */
  readonly onread: OnReadOpts;
  /** From here on bytes flow; until then the upstream is not read beyond one buffer. */
  start(client: Socket, upstream: Socket): void;
  /** Give the buffers back. Both sockets must be gone. */
  release(): void;
}

export function createBulkReader(pool: BufferPool): BulkReader {
  const buffers: Buffer[] = [];
  const busy = new Set<Buffer>();
  let turn = 0;
  let flow: { readonly client: Socket; readonly upstream: Socket } | undefined;
  let waiting: { readonly bytes: Buffer; readonly buffer: Buffer } | undefined;
  const current = (): Buffer => (buffers[turn] ??= pool.take());
  const send = (bytes: Buffer, buffer: Buffer): void => {
    flow?.client.write(bytes, () => {
      busy.delete(buffer);
      flow?.upstream.resume();
    });
  };
  return {
    onread: {
      buffer: () => current(),
      callback: (count, bytes) => {
        const buffer = current();
        busy.add(buffer);
        turn = 1 - turn;
        const part = Buffer.from(bytes.buffer, bytes.byteOffset, count);
        if (flow === undefined) waiting = { bytes: part, buffer };
        else send(part, buffer);
        return flow !== undefined && !busy.has(current());
      },
    },
    start(client, upstream) {
      flow = { client, upstream };
      if (waiting !== undefined) send(waiting.bytes, waiting.buffer);
      upstream.resume();
    },
    release() {
      for (const buffer of buffers.splice(0)) {
        if (!busy.has(buffer)) pool.give(buffer);
      }
    },
  };
}

export interface SpliceOptions {
  /** Whose `onread` the upstream was dialled with. */
  readonly reader: BulkReader;
  readonly idleMs: number;
  readonly signal: AbortSignal;
  /**
   * The client's first bytes once they may go on, `undefined` when they must not: then both sides are reset; or `"part"`
   * when the client is to be served otherwise: then the upstream alone is reset. The other direction does not wait for it.
   */
  readonly first: () => Promise<Buffer | "part" | undefined>;
}

/**
 * Join two connections until both are over. An end is passed on as an end and leaves the other direction open; a reset is
 * passed on as a reset.
 *
 * @returns whether they were parted, and the client is the caller's again
 */
export async function splice(client: Socket, upstream: Socket, { reader, idleMs, signal, first }: SpliceOptions): Promise<boolean> {
  const part = guardPair(client, upstream, idleMs);
  const release = resetOnAbort(signal, [client, upstream]);
  const over = Promise.all([closed(client), closed(upstream)]);
  client.setNoDelay(true);
  const onEnd = (): void => {
    client.end();
  };
  upstream.once("end", onEnd);
  reader.start(client, upstream);
  const head = await first();
  if (head === "part") {
    part();
    release();
    upstream.off("end", onEnd);
    upstream.on("error", () => {});
    reset(upstream);
    await closed(upstream);
    reader.release();
    return true;
  }
  if (head === undefined) {
    reset(upstream);
    reset(client);
  } else if (client.readableEnded) {
    upstream.end(head);
  } else {
    upstream.write(head);
    client.pipe(upstream);
  }
  await over;
  release();
  reader.release();
  return false;
}

/** What breaks one breaks the other, and silence of both breaks both, until the result is called. */
export function guardPair(client: Socket, upstream: Socket, idleMs: number): () => void {
  let joined = true;
  const pairs = [
    [client, upstream],
    [upstream, client],
  ] as const;
  for (const [one, other] of pairs) {
    one.on("error", () => {
      if (joined) reset(other);
    });
    one.once("close", (hadError) => {
      if (!joined) return;
      if (hadError || !one.readableEnded) reset(other);
      else
        other.setTimeout(FLUSH_MS, () => {
          reset(other);
        });
    });
  }
  upstream.setTimeout(idleMs, () => {
    reset(upstream);
    if (joined) reset(client);
  });
  return () => {
    joined = false;
  };
}
