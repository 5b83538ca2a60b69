import type { Duplex, Readable, Writable } from "node:stream";
import type { Client, Event, SessionId, TerminalSize } from "@sbx/contracts";

/** Signals that end a wait of the command line: Ctrl-C, a polite end, and a terminal that closed. */
export type SignalName = "SIGINT" | "SIGTERM" | "SIGHUP";

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

/** A running daemon, as a caller sees it. */
export interface Connection {
  readonly client: Client;
  /** Resolves when the stream is open, so that nothing that follows is missed. */
  readonly events: (query: EventQuery, signal: AbortSignal) => Promise<AsyncIterable<Event>>;
  /** Resolves with the stream of frames, or rejects with the AppError that the daemon answered. */
  readonly attach: (session: SessionId, signal: AbortSignal) => Promise<Duplex>;
  /** The stream of a gateway that was prepared; it runs as long as the stream is open. */
  readonly gateway: (id: string, signal: AbortSignal) => Promise<Duplex>;
}

/** Which events a command follows: from where on, and of which sandbox; those of all sandboxes when none is named. */
export interface EventQuery {
  /** Only what came after this id; without it only what is new. */
  readonly after?: number;
  readonly sandbox?: string;
}

/** Where the daemon's things lie. */
export interface DaemonPaths {
  readonly stateDirectory: string;
  readonly socket: string;
  readonly log: string;
}

/** How the command line reaches the daemon: finding it, and starting it only where a command needs one. */
export interface DaemonPort {
  readonly paths: DaemonPaths;
  /** The daemon that runs, or one started now. Rejects with `DAEMON_UNREACHABLE`. */
  readonly connect: () => Promise<Connection>;
  /** The daemon that runs; never starts one. */
  readonly find: () => Promise<Connection | undefined>;
}

/** The environment of the command line, read once at the edge; a variable that is not set is `undefined`. */
export type Environment = Readonly<Record<string, string | undefined>>;

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
