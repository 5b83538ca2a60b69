import type { Readable, Writable } from "node:stream";
import type { TerminalSize } from "@sbx/contracts";
import type { SignalName } from "@sbx/core/client";
import type { DaemonPort, Environment } from "@sbx/core/daemon";

export type { SignalName } from "@sbx/core/client";
export type { Connection, DaemonPort, Environment } from "@sbx/core/daemon";

/** What stands at the other end of stdin: a person, something that sends bytes, or nothing worth reading. */
export type StdinKind = "terminal" | "data" | "nothing";

/** The three standard streams and the terminal behind them. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** The streams themselves, for bytes of sessions. Reading `stdin` starts it, so ask {@link stdinKind} first. */
  readonly stdin: () => Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly stdinKind: () => StdinKind;
  readonly isTerminal: { readonly stdout: boolean; readonly stderr: boolean };
  /** Whether colours are wanted on each output. */
  readonly colour: { readonly stdout: boolean; readonly stderr: boolean };
  /** Size of the terminal of stdout; `undefined` when it is none. */
  readonly size: () => TerminalSize | undefined;
  /** Call back at each change of size; returns a release. */
  readonly onResize: (listener: () => void) => () => void;
  readonly setRaw: (raw: boolean) => void;
}

/** Everything that a command line takes from the world. */
export interface Context {
  readonly io: Io;
  readonly env: Environment;
  readonly cwd: string;
  readonly home: string;
  readonly version: string;
  readonly daemon: DaemonPort;
  /** Take over a signal while the release is not called; without a listener it ends the process. */
  readonly onSignal: (listener: (name: SignalName) => void) => () => void;
  /** Milliseconds of a clock that only grows. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
}
