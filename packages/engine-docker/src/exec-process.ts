import type { Socket } from "node:net";
import { finished } from "node:stream";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@sbx/contracts";
import { leftAlone, type ExecProcess, type ExecSpec } from "@sbx/core";
import type { Exec } from "dockerode";
import { Demultiplexer } from "./demultiplexer.ts";
import { ask, askUnless, engineFailed, toAppError } from "./docker-error.ts";
import { InputStream } from "./input-stream.ts";
import { OutputStream } from "./output-stream.ts";

/** The engine notes an exit code a moment after the stream's end. */
const EXIT_POLL_MS = { first: 2, longest: 500 } as const;

/** The engine opens the stream before the process exists; until then it refuses a size. */
const RESIZE_TRIES = 40;
const RESIZE_WAIT_MS = 25;

/** A started exec and its hijacked connection as a process of ours. Owns the connection. */
export function createExecProcess({ exec, socket, spec }: { readonly exec: Exec; readonly socket: Socket; readonly spec: Pick<ExecSpec, "tty" | "stdin"> }): ExecProcess {
  const stdout = new OutputStream();
  const stderr = new OutputStream();
  const left = new AbortController();
  const exit = awaitExit({ exec, delivered: pump({ socket, stdout, stderr, tty: spec.tty !== false }), left: left.signal });
  exit.catch(() => undefined);
  return {
    stdin: spec.stdin ? new InputStream(socket) : new Writable({ write: (_chunk, _encoding, done) => done() }).end(),
    stdout,
    stderr,
    exit,
    resize: async (size) => resize(exec, size, left.signal),
    detach() {
      left.abort();
      socket.destroy();
    },
  };
}

/** Pass the output on. Resolves at its end, also at that of a connection that broke: the exit code tells what happened. */
async function pump({ socket, stdout, stderr, tty }: { readonly socket: Socket; readonly stdout: OutputStream; readonly stderr: OutputStream; readonly tty: boolean }): Promise<void> {
  const sink = tty ? rawSink(stdout) : new Demultiplexer({ stdout, stderr });
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  finished(sink, (error) => {
    socket.destroySoon();
    if (AppError.is(error)) reject(error);
    void Promise.all([stdout.finish(), stderr.finish()]).then(() => {
      resolve(undefined);
    });
  });
  socket.on("error", () => {
    sink.destroy();
  });
  socket.on("close", () => {
    if (!sink.writableEnded) sink.destroy();
  });
  socket.pipe(sink);
  return promise;
}

function rawSink(stdout: OutputStream): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      void stdout.deliver(chunk).then(() => {
        done();
      });
    },
  });
}

async function awaitExit({ exec, delivered, left }: { readonly exec: Exec; readonly delivered: Promise<void>; readonly left: AbortSignal }): Promise<number> {
  await delivered;
  for (let wait: number = EXIT_POLL_MS.first; !left.aborted; wait = Math.min(wait * 2, EXIT_POLL_MS.longest)) {
    const { Running, ExitCode } = await ask("ask how a process ended", async () => exec.inspect());
    if (!Running && ExitCode !== null) return ExitCode;
    await sleep(wait, undefined, { ref: false });
  }
  throw leftAlone();
}

async function resize(exec: Exec, { columns, rows }: { readonly columns: number; readonly rows: number }, left: AbortSignal): Promise<void> {
  for (let tries = 1; !left.aborted; tries += 1) {
    try {
      // Podman says 201, which the client library takes for a failure.
      await askUnless([201], "set the size of a terminal", async () => {
        await exec.resize({ w: columns, h: rows });
      });
      return;
    } catch (error) {
      // A process that has ended has no terminal, and nobody misses its size.
      const state = await askUnless([404], "look at a process", async () => exec.inspect());
      if (state === undefined || (!state.Running && state.ExitCode !== null)) return;
      if (tries === RESIZE_TRIES) throw AppError.is(error) ? error : engineFailed("set the size of a terminal", String(toAppError(error, "set the size of a terminal")));
      await sleep(RESIZE_WAIT_MS);
    }
  }
}
