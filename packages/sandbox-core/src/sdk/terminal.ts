import type { Readable } from "node:stream";
import type { Session, SessionId, SessionSignal, TerminalSize } from "@sbx/contracts";
import type { Connection } from "../client/daemon-port.ts";
import { SessionDrive } from "../client/session-drive.ts";
import { SessionOutput } from "../client/session-output.ts";
import { codeOf } from "./execution.ts";

/** Longest piece of input that is sent at once, in bytes. */
const PIECE_BYTES = 64 << 10;

/** What a terminal is to be like, and what runs in it. */
export interface TerminalOptions {
  /** The program with its words; without it the sandbox's agent, as it runs for a person. */
  readonly command?: readonly string[];
  /** Words for the agent, when no command is named. */
  readonly args?: readonly string[];
  /** 80 by 24 unless said. */
  readonly size?: TerminalSize;
  /** Value of `TERM`; `xterm-256color` unless said. */
  readonly term?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** As whom: the sandbox's own user, which it is anyway. */
  readonly user?: string;
  readonly deadlineMs?: number;
}

/** Join a session of the mode "terminal". `owned` ones are ended when they are disposed of, others left. */
export async function joinTerminal({ client, attach }: Connection, session: Session, { owned }: { readonly owned: boolean }): Promise<Terminal> {
  const output = new SessionOutput();
  const drive = new SessionDrive(await attach(session.id, new AbortController().signal), { stdout: output.sink, stderr: output.sink });
  return new Terminal({ drive, output, session, end: owned ? async () => void (await client.endSession({ session: session.id })) : undefined });
}

/**
 * A program in a pseudo-terminal: raw bytes both ways. The session outlives this process unless it is disposed of.
 *
 * Dispose of it to end a session that was opened here, or to leave one that was joined.
 */
export class Terminal implements AsyncDisposable {
  /** Under which id the daemon knows the session: it can be joined again, also by `sbx attach`. */
  readonly session: SessionId;
  /** What the terminal shows, escape sequences and all. It has to be read, or the daemon drops this viewer. */
  readonly output: Readable;
  /** Resolves with the exit code when the program has ended. Rejects when the session was left or lost before. */
  readonly exitCode: Promise<number>;
  readonly #drive: SessionDrive;
  readonly #end: (() => Promise<void>) | undefined;

  constructor({ drive, output, session, end }: { readonly drive: SessionDrive; readonly output: SessionOutput; readonly session: Session; readonly end: (() => Promise<void>) | undefined }) {
    this.session = session.id;
    this.output = output.claim();
    this.#drive = drive;
    this.#end = end;
    this.exitCode = drive.end.then((how) => {
      output.sink.end();
      return codeOf(how, session);
    });
    this.exitCode.catch(() => undefined);
  }

  /** Type. Resolves when more can be typed. */
  async write(input: string | Uint8Array): Promise<void> {
    const bytes = typeof input === "string" ? Buffer.from(input) : input;
    for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) await this.#drive.send(bytes.subarray(at, at + PIECE_BYTES));
  }

  /** Give the terminal another size, in character cells. */
  resize(size: TerminalSize): void {
    this.#drive.resize(size);
  }

  /** Send the program a signal. */
  kill(signal: SessionSignal = "SIGTERM"): void {
    this.#drive.signal(signal);
  }

  /** Stop looking; the session goes on. */
  leave(): void {
    this.#drive.leave();
  }

  /** End a session that was opened here; leave one that was joined. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#end?.();
    } finally {
      this.leave();
    }
  }
}
