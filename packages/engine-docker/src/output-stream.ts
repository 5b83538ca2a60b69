import { Readable } from "node:stream";

/** What nobody reads any longer is thrown away this much at a time. */
const DROPPED_BYTES = 1 << 20;
const DROP_PAUSE_MS = 50;

/** A stream that is filled from outside and says when its reader wants more. */
export class OutputStream extends Readable {
  #wanted: (() => void) | undefined;
  #dropped = 0;

  /** Resolves when the reader wants more, at once if it does already; soon if nobody reads any longer. */
  async deliver(piece: Buffer): Promise<void> {
    if (this.destroyed) {
      await this.#drop(piece);
      return;
    }
    if (this.push(piece)) return;
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

  /** A process that writes without end into nothing would else keep ours busy with throwing it away. */
  async #drop(piece: Buffer): Promise<void> {
    this.#dropped += piece.length;
    if (this.#dropped < DROPPED_BYTES) return;
    this.#dropped = 0;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, DROP_PAUSE_MS).unref();
    });
  }

  #release(): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    wanted?.();
  }
}
