import { Readable } from "node:stream";

/** A stream that is filled from outside and says when its reader wants more. */
export class OutputStream extends Readable {
  #wanted: (() => void) | undefined;

  /** Resolves when the reader wants more, at once if it does already or if nobody reads any longer. */
  async deliver(piece: Buffer): Promise<void> {
    if (this.destroyed || this.push(piece)) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#wanted = () => {
      resolve(undefined);
    };
    await promise;
  }

  /** Nothing more comes. Resolves when what came was read, at once if nothing waits to be. */
  async finish(): Promise<void> {
    if (this.destroyed) return;
    const waits = this.readableLength > 0;
    this.push(null);
    if (waits)
      await new Promise((resolve) => {
        this.once("close", resolve);
      });
  }

  override _read(): void {
    this.#release();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#release();
    done(error);
  }

  #release(): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    wanted?.();
  }
}
