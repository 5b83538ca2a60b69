import type { Duplex, Readable } from "node:stream";
import { AppError, decodeSize, encodeExit, encodeFrame, FrameReader, type Frame } from "@sbx/contracts";
import { HOLD_DETACHED, type ExecProcess } from "@sbx/core";

interface AttachOptions {
  readonly connection: Duplex;
  readonly signal: (name: string) => Promise<void>;
  /** The code of the session itself, when it is known to have ended. */
  readonly exitCode: () => number | undefined;
}

/** Join a client's connection and a process: frames both ways, backpressure kept, until either side ends. */
export function attachProcess(process: ExecProcess, { connection, signal, exitCode }: AttachOptions): void {
  sendOutput(process.stdout, "stdout", connection);
  sendOutput(process.stderr, "stderr", connection);
  readFrames(connection, { process, signal });
  connection.on("close", () => {
    process.detach();
  });
  void process.exit.then(
    (code) => {
      if (code === HOLD_DETACHED && exitCode() === undefined) refuse(connection, viewerLeft());
      else connection.end(encodeFrame("exit", encodeExit(exitCode() ?? code)));
    },
    (error: unknown) => {
      refuse(connection, error);
    },
  );
}

/** The holder drops a viewer that does not read; the session itself goes on. */
function viewerLeft(): AppError {
  return new AppError("INTERRUPTED", { message: "This terminal took nothing for too long and was dropped; the session goes on", fix: "Join it again with: sbx attach" });
}

/** Say why there is nothing (more) to see, as the last frame. */
export function refuse(connection: Duplex, error: unknown): void {
  const problem = AppError.is(error) ? error : new AppError("INTERNAL", { message: error instanceof Error ? error.message : String(error), fix: "Look into the daemon's log with: sbx daemon logs" });
  connection.on("error", () => undefined);
  connection.resume();
  connection.end(encodeFrame("problem", Buffer.from(JSON.stringify(problem))));
}

/** Send what a stream gives, no faster than the client reads. */
function sendOutput(source: Readable, type: "stdout" | "stderr", connection: Duplex): void {
  const send = (chunk: Buffer): void => {
    if (connection.write(encodeFrame(type, chunk))) return;
    source.pause();
    connection.once("drain", () => source.resume());
  };
  source.on("data", send);
  connection.on("close", () => {
    source.off("data", send);
  });
}

/** Carry out what a client sends. A frame that is none ends the connection. */
export function readFrames(connection: Duplex, { process, signal }: { readonly process: ExecProcess; readonly signal: (name: string) => Promise<void> }): void {
  const reader = new FrameReader();
  process.stdin.on("error", () => undefined);
  connection.on("error", () => undefined);
  connection.on("data", (chunk: Buffer) => {
    try {
      for (const frame of reader.push(chunk)) carryOut(frame, { connection, process, signal });
    } catch {
      connection.destroy();
    }
  });
}

function carryOut({ type, payload }: Frame, { connection, process, signal }: { readonly connection: Duplex; readonly process: ExecProcess; readonly signal: (name: string) => Promise<void> }): void {
  switch (type) {
    case "stdin":
      // One wait, however many frames came together.
      if (process.stdin.write(payload) || connection.isPaused()) return;
      connection.pause();
      process.stdin.once("drain", () => connection.resume());
      return;
    case "stdin-end":
      process.stdin.end();
      return;
    case "resize": {
      const size = decodeSize(payload);
      if (size !== undefined) void process.resize(size).catch(() => undefined);
      return;
    }
    case "signal":
      void signal(Buffer.from(payload).toString("latin1")).catch(() => undefined);
      return;
    default:
      throw new Error(`a client may not send ${type}`);
  }
}
