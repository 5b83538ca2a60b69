import { Socket } from "node:net";
import { PassThrough, type Readable } from "node:stream";

/** How long output of what a program left behind is awaited after its end, as container engines do. */
const LINGER_MS = 2000;
const TICK_MS = 250;

/** Our end of one output of a program, as a stream. */
export class PipeOutput {
  readonly stream: Readable;
  /** Resolves when nothing more comes and nothing waits to be read, or nobody reads any more. */
  readonly done: Promise<void>;
  readonly #socket: Socket;
  readonly #passed = new PassThrough();

  /** Owns the descriptor. `onLeft` is called when nobody reads any more and more may come. */
  constructor(descriptor: number, onLeft: () => void) {
    this.#socket = new Socket({ fd: descriptor, readable: true, writable: false });
    this.stream = this.#passed;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.done = promise;
    this.#socket.on("error", () => this.finish());
    this.#passed.on("error", () => undefined);
    this.#passed.once("close", () => {
      if (!this.#socket.readableEnded) onLeft();
      this.#socket.destroy();
      resolve();
    });
    this.#passed.once("finish", () => {
      if (this.#passed.readableLength === 0) resolve();
    });
    this.#socket.pipe(this.#passed);
  }

  /** The program has ended. Time in which the reader holds us up does not count. */
  async linger(): Promise<void> {
    let left = LINGER_MS;
    const timer = setInterval(() => {
      if (!this.#passed.writableNeedDrain) left -= TICK_MS;
      if (left <= 0) this.finish();
    }, TICK_MS);
    await this.done;
    clearInterval(timer);
  }

  /** Nothing more comes; what came can still be read. */
  finish(): void {
    this.#socket.unpipe(this.#passed);
    this.#socket.destroy();
    this.#passed.end();
  }

  destroy(): void {
    this.#passed.destroy();
  }
}
