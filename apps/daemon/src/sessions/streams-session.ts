import type { Duplex, Readable } from "node:stream";
import { encodeExit, encodeFrame } from "@sbx/contracts";
import type { ExecProcess, StreamsOf } from "@sbx/core";
import { readFrames, refuse } from "./attach-process.ts";

/** Most output that is kept for `sbx logs`. */
const LOG_BYTES = 256 << 10;
/** Small pieces are kept together up to so many bytes: each alone would cost hundreds. */
const BLOCK_BYTES = 4 << 10;
/** How long output waits for the client that opened the session; then it is kept for the log alone. */
const CLIENT_GRACE_MS = 10_000;

/** A session with three separate streams. It has at most one client; without one its output goes to the log. */
export class StreamsSession {
  readonly #process: ExecProcess;
  readonly #of: StreamsOf;
  readonly #log: Buffer[] = [];
  #logBytes = 0;
  #client: Duplex | undefined;
  #claimed = false;
  #ended = false;
  /** Resolves with the exit code when the process has ended. */
  readonly exit: Promise<number>;

  constructor(process: ExecProcess, of: StreamsOf) {
    this.#process = process;
    this.#of = of;
    this.exit = process.exit;
    const ended = (): void => {
      this.#ended = true;
    };
    this.exit.then(ended, ended);
    this.#take(process.stdout, "stdout");
    this.#take(process.stderr, "stderr");
    process.stdout.pause();
    process.stderr.pause();
    setTimeout(() => {
      if (!this.#claimed) this.#goOnAlone();
    }, CLIENT_GRACE_MS).unref();
  }

  /** Connect the client; a later one takes the earlier one's place. */
  attach(connection: Duplex, signal: (name: string) => Promise<void>): void {
    this.#claimed = true;
    this.#client?.destroy();
    this.#client = connection;
    readFrames(connection, { process: this.#process, signal });
    // Whoever sends no more has left: a client that was killed is not noticed otherwise before there is something to tell it.
    connection.on("end", () => connection.destroy());
    connection.on("close", () => {
      if (this.#client !== connection) return;
      this.#client = undefined;
      this.#goOnAlone();
    });
    void this.exit.then(
      (code) => connection.end(encodeFrame("exit", encodeExit(this.#of.exitCode() ?? code))),
      (error: unknown) => {
        refuse(connection, error);
      },
    );
    this.#resume();
  }

  /** The last output as text, both streams in the order in which they came. */
  log(): string {
    return Buffer.concat(this.#log).toString("utf8");
  }

  /** Nobody is here any more, or came. */
  #goOnAlone(): void {
    this.#resume();
    if (!this.#ended) this.#of.left?.();
  }

  #resume(): void {
    this.#process.stdout.resume();
    this.#process.stderr.resume();
  }

  #take(source: Readable, type: "stdout" | "stderr"): void {
    source.on("data", (chunk: Buffer) => {
      this.#keep(chunk);
      const client = this.#client;
      if (client === undefined || client.write(encodeFrame(type, chunk))) return;
      source.pause();
      client.once("drain", () => source.resume());
    });
  }

  #keep(chunk: Buffer): void {
    const last = this.#log.at(-1);
    if (last !== undefined && last.byteLength + chunk.byteLength <= BLOCK_BYTES) this.#log[this.#log.length - 1] = Buffer.concat([last, chunk]);
    else this.#log.push(chunk);
    this.#logBytes += chunk.byteLength;
    while (this.#logBytes > LOG_BYTES && this.#log.length > 1) this.#logBytes -= this.#log.shift()?.byteLength ?? 0;
  }
}
