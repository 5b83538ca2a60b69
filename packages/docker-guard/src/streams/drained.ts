import type { EventEmitter } from "node:events";

/** Resolves when a stream takes more. Rejects when it closes instead. */
export async function drained(stream: Pick<EventEmitter, "once" | "off">): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const drain = (): void => resolve(undefined);
  const close = (): void => reject(new Error("the stream closed before it took everything"));
  stream.once("drain", drain).once("close", close);
  try {
    await promise;
  } finally {
    stream.off("drain", drain).off("close", close);
  }
}
