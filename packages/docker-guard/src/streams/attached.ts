import type { Duplex } from "node:stream";

/** How long what a container said last may be on its way. */
const GRACE_MS = 2000;

/**
 * Streams by the container that they belong to. An engine keeps the stream of a container that was never started open when
 * the container is gone; clients wait for its end.
 */
export class Attached {
  readonly #streams = new Map<string, Set<Duplex>>();

  /** @returns what is to be called when the stream is over */
  add(container: string, stream: Duplex): () => void {
    const all = this.#streams.get(container) ?? new Set();
    this.#streams.set(container, all.add(stream));
    return () => {
      all.delete(stream);
      if (all.size === 0 && this.#streams.get(container) === all) this.#streams.delete(container);
    };
  }

  /** The container is gone: end its streams soon. */
  end(container: string): void {
    const all = [...(this.#streams.get(container) ?? [])];
    if (all.length === 0) return;
    setTimeout(() => {
      for (const stream of all) stream.destroy();
    }, GRACE_MS).unref();
  }
}
