import type { Socket } from "node:net";
import { Writable } from "node:stream";

/**
 * The write side of a hijacked connection: `end()` closes that side alone, which the process sees as end of file.
 *
 * What is written after the process has ended is dropped, like what is typed at a program that has gone.
 */
export class InputStream extends Writable {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.#socket.writable) {
      done();
      return;
    }
    this.#socket.write(chunk, () => {
      done();
    });
  }

  override _final(done: () => void): void {
    if (this.#socket.writable) this.#socket.end();
    done();
  }
}
