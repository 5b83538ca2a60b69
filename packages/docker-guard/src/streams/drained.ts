import type { EventEmitter } from "node:events";

/** Resolves when a stream takes more. Rejects when it closes instead. */
export async function drained(stream: Pick<EventEmitter, "once" | "off"> & { readonly destroyed: boolean }): Promise<void> {
  const closed = "the stream closed before it took everything";
  if (stream.destroyed) throw new Error(closed);
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const drain = (): void => resolve(undefined);
  const close = (): void => reject(new Error(closed));
  stream.once("drain", drain).once("close", close);
  try {
    await promise;
  } finally {
    stream.off("drain", drain).off("close", close);
  }
}
