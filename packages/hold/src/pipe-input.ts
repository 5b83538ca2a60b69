import { Socket } from "node:net";
import { Writable } from "node:stream";

/** Our end of a program's stdin. What is written after the program has ended is dropped, like what is typed at one that has gone. */
export class PipeInput extends Writable {
  readonly #socket: Socket;

  /** Owns the descriptor. */
  constructor(descriptor: number) {
    super();
    this.#socket = new Socket({ fd: descriptor, readable: false, writable: true });
    this.#socket.on("error", () => this.#socket.destroy());
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.#socket.writable) done();
    else this.#socket.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    if (this.#socket.writable) this.#socket.end();
    done();
  }

  /** The program has ended. Whatever it left running may hold the other end; ours is closed all the same. */
  release(): void {
    this.#socket.destroy();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}

/** The stdin of a program that has none. */
export function noInput(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() }).end();
}
