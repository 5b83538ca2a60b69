import { PassThrough, Writable, type Readable } from "node:stream";
import { AppError } from "@sbx/contracts/app-error";

/** Output that is kept for a reader who has not asked yet, in bytes. */
const UNCLAIMED_BYTES = 1 << 20;

/**
 * One output of a program between the daemon and a reader, who may never come: what nobody asked for is kept up to
 * 1 MiB and then thrown away, so that a program is not held up by an output that is not wanted. Once it is asked for, the
 * program runs no faster than it is read.
 */
export class SessionOutput {
  /** Takes the output; end or destroy it with the session. */
  readonly sink: Writable;
  readonly #stream = new PassThrough({ highWaterMark: UNCLAIMED_BYTES });
  #state: "kept" | "claimed" | "dropped" = "kept";

  constructor() {
    // Whoever reads is told; without a reader nobody has to be.
    this.#stream.on("error", () => undefined);
    this.sink = new Writable({
      write: (chunk: Uint8Array, _encoding, done) => {
        this.#take(chunk, done);
      },
      final: (done) => {
        if (!this.#stream.destroyed) this.#stream.end();
        done();
      },
      destroy: (error, done) => {
        if (error !== null) this.#stream.destroy(error);
        done(null);
      },
    });
  }

  /** The output from its beginning. @throws AppError `USAGE` when it was asked for too late */
  claim(): Readable {
    if (this.#state === "dropped")
      throw new AppError("USAGE", {
        message: "More than 1 MiB of this output had come before it was asked for, and was thrown away",
        fix: "Ask for stdout or stderr at once when the program is started.",
      });
    this.#state = "claimed";
    return this.#stream;
  }

  #take(chunk: Uint8Array, done: () => void): void {
    if (this.#state === "kept" && this.#stream.readableLength + this.#stream.writableLength + chunk.byteLength > UNCLAIMED_BYTES) {
      this.#state = "dropped";
      this.#stream.destroy();
    }
    if (this.#stream.destroyed || this.#stream.write(chunk)) {
      done();
      return;
    }
    const go = (): void => {
      this.#stream.off("drain", go).off("close", go);
      done();
    };
    this.#stream.once("drain", go).once("close", go);
  }
}
