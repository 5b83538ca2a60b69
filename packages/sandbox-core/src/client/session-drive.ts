import type { Duplex, Readable, Writable } from "node:stream";
import type { Frame, SessionSignal, TerminalSize } from "@sbx/contracts";
import { AppError } from "@sbx/contracts/app-error";
import { decodeExit, encodeFrame, encodeSize, FrameReader } from "@sbx/contracts/stream";

/** Signals that end a wait of a person's: Ctrl-C, a polite end, and a terminal that closed. */
export type SignalName = "SIGINT" | "SIGTERM" | "SIGHUP";

/** How the time at a session ended. `lost`: the daemon is gone, the session perhaps not. */
export type SessionEnd = { readonly kind: "exit"; readonly code: number } | { readonly kind: "problem"; readonly error: AppError } | { readonly kind: "lost" } | { readonly kind: "left" };

/** Where the output of a session goes. */
export interface SessionStreams {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Sees the output before it is written, and says what of it is. */
  readonly pass?: (chunk: Uint8Array, output: "stdout" | "stderr") => Uint8Array;
}

/** Looks at what is typed: what goes on to the session, and whether to leave it then. */
export type StdinFilter = (chunk: Uint8Array) => { readonly forward: Uint8Array; readonly detach: boolean };

/** One attached client of a session: frames in, frames out. */
export class SessionDrive {
  readonly #stream: Duplex;
  readonly #streams: SessionStreams;
  readonly #end = Promise.withResolvers<SessionEnd>();
  #releaseStdin: () => void = () => {};
  /** Outputs whose readers are behind. While there is one nothing more is taken from the session. */
  readonly #behind = new Set<Writable>();

  constructor(stream: Duplex, streams: SessionStreams) {
    this.#stream = stream;
    this.#streams = streams;
    const reader = new FrameReader();
    stream.on("data", (chunk: Uint8Array) => {
      this.#take(reader, chunk);
    });
    stream.once("end", () => {
      this.#finish({ kind: "lost" });
    });
    stream.once("close", () => {
      this.#finish({ kind: "lost" });
    });
    stream.once("error", () => {
      this.#finish({ kind: "lost" });
    });
  }

  /** Resolves once, when the session has ended, was left or was lost; the output before it has been written. */
  get end(): Promise<SessionEnd> {
    return this.#end.promise;
  }

  /** Send what a stream gives, through `filter` when there is one, which may also say that the session is to be left. */
  sendStdin(source: Readable, filter: StdinFilter = (chunk) => ({ forward: chunk, detach: false })): void {
    const onData = (chunk: Uint8Array): void => {
      const { forward, detach } = filter(chunk);
      const ready = forward.byteLength === 0 || this.#stream.write(encodeFrame("stdin", forward));
      if (detach) this.leave();
      else if (!ready) {
        source.pause();
        this.#stream.once("drain", () => {
          source.resume();
        });
      }
    };
    const onEnd = (): void => {
      this.#stream.write(encodeFrame("stdin-end"));
    };
    // After an earlier session has paused it, a listener alone would not make it flow again.
    source.on("data", onData).once("end", onEnd).resume();
    this.#releaseStdin = () => {
      source.off("data", onData).off("end", onEnd).pause();
    };
  }

  resize(size: TerminalSize | undefined): void {
    if (size !== undefined) this.#stream.write(encodeFrame("resize", encodeSize(size)));
  }

  /** Send bytes of stdin, at most 1 MiB at once. Resolves when more can be sent, or the session is over. */
  async send(bytes: Uint8Array): Promise<void> {
    if (this.#stream.destroyed || this.#stream.write(encodeFrame("stdin", bytes))) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.#stream.off("drain", go).off("close", go);
        resolve();
      };
      this.#stream.once("drain", go).once("close", go);
    });
  }

  signal(name: SessionSignal): void {
    this.#stream.write(encodeFrame("signal", Buffer.from(name)));
  }

  /** Stop listening; the session goes on. */
  leave(): void {
    this.#finish({ kind: "left" });
  }

  #take(reader: FrameReader, chunk: Uint8Array): void {
    try {
      for (const frame of reader.push(chunk)) this.#takeFrame(frame);
    } catch {
      this.#finish({ kind: "lost" });
    }
  }

  #takeFrame({ type, payload }: Frame): void {
    if (type === "stdout" || type === "stderr") this.#write(type, payload);
    else if (type === "exit") this.#finish({ kind: "exit", code: decodeExit(payload) ?? 125 });
    else if (type === "problem") this.#finish({ kind: "problem", error: AppError.fromJSON(JSON.parse(Buffer.from(payload).toString("utf8"))) });
  }

  #write(type: "stdout" | "stderr", payload: Uint8Array): void {
    const output = this.#streams[type];
    const isTaken = output.write(this.#streams.pass?.(payload, type) ?? payload);
    // One wait for each output, however many frames came together.
    if (isTaken || output.destroyed || this.#behind.has(output)) return;
    this.#behind.add(output);
    this.#stream.pause();
    const resume = (): void => {
      output.off("drain", resume).off("close", resume);
      this.#behind.delete(output);
      if (this.#behind.size === 0) this.#stream.resume();
    };
    output.once("drain", resume).once("close", resume);
  }

  #finish(end: SessionEnd): void {
    this.#releaseStdin();
    // What was typed last is still sent.
    this.#stream.end(() => {
      this.#stream.destroy();
    });
    this.#end.resolve(end);
  }
}
