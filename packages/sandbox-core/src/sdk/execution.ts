import type { Readable, Writable } from "node:stream";
import { AppError, type OpenSession, type Session, type SessionId, type SessionSignal } from "@sbx/contracts";
import { inputStream, openInput, type InputSource } from "../client/session-input.ts";
import { SessionDrive, type SessionEnd } from "../client/session-drive.ts";
import { SessionOutput } from "../client/session-output.ts";
import { collectText } from "./collect-text.ts";
import type { DaemonLink } from "./daemon-link.ts";
import { interrupted, refuseAborted } from "./interrupted.ts";

/** Output of one stream that {@link Execution.result} keeps unless told otherwise, in bytes. */
const COLLECTED_BYTES = 16 << 20;

/** How a program is run, beside its words. */
export interface ExecOptions {
  /** What it reads: text, bytes, a stream; `"pipe"` opens {@link Execution.stdin}. Without it its input is at its end at once. */
  readonly stdin?: InputSource | { readonly kind: "pipe" };
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs; relative to the workspace, which it is by default. */
  readonly cwd?: string;
  /** As whom: the sandbox's own user, `agent` or its number, which it is anyway. Anybody else is refused with `USAGE`. */
  readonly user?: string;
  /** Ends the program inside the sandbox: politely, and after five seconds by force. */
  readonly signal?: AbortSignal;
  /** The daemon ends it after so many milliseconds, also when this process is gone by then. */
  readonly deadlineMs?: number;
}

/** What a program said, and how it ended. */
export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  /** 0 to 255; 128 and the signal's number for one that a signal ended. */
  readonly exitCode: number;
  /** Whether output was longer than what is kept; the rest was read and thrown away. */
  readonly truncated: boolean;
}

/** How {@link Execution.result} collects. */
export interface CollectOptions {
  /** Kept of each stream, in bytes; 16 MiB unless said. */
  readonly maxBytes?: number;
}

/** A session to open and follow. */
export interface ExecutionRequest {
  readonly sandbox: string;
  readonly session: OpenSession;
  readonly stdin?: ExecOptions["stdin"];
  readonly signal?: AbortSignal | undefined;
}

/**
 * A program that runs in a sandbox with three separate streams.
 *
 * It is started at once. Output that nobody asks for is thrown away beyond 1 MiB; output that was asked for has to be read, or
 * the program waits. When it cannot be started, or is given up, {@link exitCode}, {@link result} and the streams fail with the same AppError.
 */
export class Execution {
  /** Resolves with the exit code when the program has ended and all its output has come. Rejects with `INTERRUPTED` after an abort, when the program is gone. */
  readonly exitCode: Promise<number>;
  /** Writable with `stdin: { kind: "pipe" }`; end it to end the program's input. */
  readonly stdin: Writable | undefined;
  readonly #stdout = new SessionOutput();
  readonly #stderr = new SessionOutput();
  readonly #drive = Promise.withResolvers<SessionDrive>();
  readonly #session = Promise.withResolvers<SessionId>();

  constructor(link: DaemonLink, request: ExecutionRequest) {
    for (const { promise } of [this.#drive, this.#session]) promise.catch(() => undefined);
    const input = inputOf(request.stdin);
    this.stdin = input?.sink;
    this.exitCode = this.#run(link, request, input?.source).then(
      (code) => {
        this.#stdout.sink.end();
        this.#stderr.sink.end();
        return code;
      },
      (error: unknown) => {
        this.#fail(error);
        throw error;
      },
    );
    // Whoever asks is told; a caller that only reads a stream is told by the stream.
    this.exitCode.catch(() => undefined);
  }

  /** Its output as bytes, from the beginning. @throws AppError `USAGE` when more than 1 MiB had come before it was asked for */
  get stdout(): Readable {
    return this.#stdout.claim();
  }

  /** As {@link stdout}, of its errors. */
  get stderr(): Readable {
    return this.#stderr.claim();
  }

  /** Under which id the daemon knows it, once it has started. */
  get session(): Promise<SessionId> {
    return this.#session.promise;
  }

  /** Everything that it prints, as text, and its exit code; what is not UTF-8 is replaced. Use it instead of the streams. */
  async result({ maxBytes = COLLECTED_BYTES }: CollectOptions = {}): Promise<ExecResult> {
    const [stdout, stderr, exitCode] = await Promise.all([collectText(this.stdout, maxBytes), collectText(this.stderr, maxBytes), this.exitCode]);
    return { stdout: stdout.text, stderr: stderr.text, exitCode, truncated: stdout.truncated || stderr.truncated };
  }

  /** Send the program a signal, once it has started. */
  async kill(signal: SessionSignal = "SIGTERM"): Promise<void> {
    (await this.#drive.promise).signal(signal);
  }

  async #run(link: DaemonLink, { sandbox, session: wanted, signal }: ExecutionRequest, input: Readable | undefined): Promise<number> {
    const what = `The program "${wanted.args[0] ?? "agent"}"`;
    refuseAborted(signal, what);
    const { client, attach } = await link();
    // Without the signal: a start that is given up half-way could leave a program that nobody knows.
    const session = await client.openSession({ sandbox, ...wanted, args: [...wanted.args], stdin: input !== undefined });
    this.#session.resolve(session.id);
    const given = givenUp({ signal, what, end: () => client.endSession({ session: session.id }) });
    let drive: SessionDrive | undefined;
    try {
      drive = new SessionDrive(await attach(session.id, new AbortController().signal), { stdout: this.#stdout.sink, stderr: this.#stderr.sink });
      this.#drive.resolve(drive);
      if (input !== undefined) drive.sendStdin(input);
      const brokenInput: Promise<never> = input === undefined ? new Promise<never>(() => undefined) : failureOf(input);
      const abandoned = brokenInput.catch(async (error: unknown) => await abandon(() => client.endSession({ session: session.id }), error));
      const end = await Promise.race([drive.end, given.promise, abandoned]);
      // The exit code of a program that was ended on its caller's word is no answer of its own.
      refuseAborted(signal, what);
      return codeOf(end, session);
    } finally {
      given.release();
      drive?.leave();
    }
  }

  #fail(error: unknown): void {
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#drive.reject(error);
    this.#session.reject(error);
    this.#stdout.sink.destroy(cause);
    this.#stderr.sink.destroy(cause);
    this.stdin?.destroy();
  }
}

function inputOf(stdin: ExecOptions["stdin"]): { readonly source: Readable; readonly sink?: Writable } | undefined {
  if (stdin === undefined) return undefined;
  if (typeof stdin === "object" && "kind" in stdin) return openInput();
  return { source: inputStream(stdin) };
}

/** Rejects with `INTERRUPTED` when the signal has fired and the program is gone. */
function givenUp({ signal, what, end }: { readonly signal: AbortSignal | undefined; readonly what: string; readonly end: () => Promise<unknown> }): {
  readonly promise: Promise<never>;
  readonly release: () => void;
} {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  if (signal === undefined) return { promise, release: () => undefined };
  const onAbort = (): void => {
    void end()
      .catch(() => undefined)
      .then(() => {
        reject(interrupted(signal, what));
      });
  };
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return { promise, release: () => signal.removeEventListener("abort", onAbort) };
}

/** Rejects when a stream fails. */
async function failureOf(stream: Readable): Promise<never> {
  return await new Promise<never>((_resolve, reject) => {
    stream.once("error", reject);
  });
}

async function abandon(end: () => Promise<unknown>, error: unknown): Promise<never> {
  await end().catch(() => undefined);
  throw error;
}

/** The exit code with which a session ended. @throws AppError why there is none */
export function codeOf(end: SessionEnd, { id }: Pick<Session, "id">): number {
  if (end.kind === "exit") return end.code;
  if (end.kind === "problem") throw end.error;
  throw new AppError("DAEMON_UNREACHABLE", {
    message: end.kind === "left" ? `The session ${id} was left; it goes on` : `The daemon went away during the session ${id}, which goes on without it`,
    fix: `Read its output with: sbx logs ${id}`,
    details: { session: id },
  });
}
