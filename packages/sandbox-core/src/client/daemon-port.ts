import type { Duplex } from "node:stream";
import type { Client, Event, SessionId } from "@sbx/contracts";
import type { ArchivePort } from "./archive-stream.ts";
import { daemonPaths } from "./daemon-paths.ts";

/** An environment as it was read at the edge; a variable that is not set is `undefined`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Which events are followed: from where on, and of which sandbox; those of all sandboxes when none is named. */
export interface EventQuery {
  /** Only what came after this id; without it only what is new. */
  readonly after?: number;
  readonly sandbox?: string;
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
  readonly archive: ArchivePort;
}

/** Where the daemon's things lie. */
export interface DaemonPaths {
  readonly stateDirectory: string;
  readonly socket: string;
  readonly log: string;
}

/** How a program reaches the daemon: finding it, and starting it only where one is needed. */
export interface DaemonPort {
  readonly paths: DaemonPaths;
  /** The daemon that runs, or one started now. Rejects with `DAEMON_UNREACHABLE`. */
  readonly connect: () => Promise<Connection>;
  /** The daemon that runs; never starts one. */
  readonly find: () => Promise<Connection | undefined>;
  /** End the daemon that runs and wait until it has ended; false when none ran. Rejects with `DAEMON_BUSY` after 15 s. */
  readonly stop: () => Promise<boolean>;
}

/** What {@link createDaemonPort} goes by. */
export interface DaemonPlace {
  readonly env: Environment;
  readonly home: string;
  /** `import.meta.url` of the program that asks: the daemon may be installed with it. */
  readonly from?: string;
  /** Told when a daemon of an older version gave way to the one that is installed now. */
  readonly onReplaced?: (versions: { readonly from: string; readonly to: string }) => void;
  /** Told, one line at a time, what a daemon does that takes long to start: images for an engine that sees it for the first time. */
  readonly onPreparing?: (line: string) => void;
}

/** The daemon of this user. What it takes to talk to it is loaded when it is first asked for. */
export function createDaemonPort({ env, home, from, onReplaced, onPreparing }: DaemonPlace): DaemonPort {
  const paths = daemonPaths(env, home);
  const find: DaemonPort["find"] = async () => {
    const [{ checkStateDirectory }, { isListening }, { createConnection }] = await Promise.all([import("./state-directory.ts"), import("./is-listening.ts"), import("./connection.ts")]);
    await checkStateDirectory(paths.stateDirectory);
    return (await isListening(paths.socket)) ? createConnection(paths.socket) : undefined;
  };
  return {
    paths,
    find,
    connect: async () => {
      const found = await find();
      const change = found === undefined ? undefined : await changeOfVersion(paths, env, from);
      if (found !== undefined && change === undefined) return found;
      if (found !== undefined) await (await import("./give-way.ts")).giveWay(found, paths);
      const [{ startDaemon }, { createConnection }] = await Promise.all([import("./start-daemon.ts"), import("./connection.ts")]);
      await startDaemon({ paths, env, ...(from === undefined ? {} : { from }), ...(onPreparing === undefined ? {} : { onPreparing }) });
      if (change !== undefined) onReplaced?.(change);
      return createConnection(paths.socket);
    },
    stop: async () => {
      const found = await find();
      if (found !== undefined) await (await import("./give-way.ts")).giveWay(found, paths);
      return found !== undefined;
    },
  };
}

/** From which version to which one, when the daemon that runs is older than the one that is installed. */
async function changeOfVersion(paths: DaemonPaths, env: Environment, from: string | undefined): Promise<{ readonly from: string; readonly to: string } | undefined> {
  const [{ isOlder, versionOfProgram, versionThatRuns }, { findDaemonProgram }] = await Promise.all([import("./daemon-version.ts"), import("./daemon-program.ts")]);
  const [runs, installed] = await Promise.all([versionThatRuns(paths), versionOfProgram(findDaemonProgram(env, from))]);
  return runs !== undefined && installed !== undefined && isOlder(runs, installed) ? { from: runs, to: installed } : undefined;
}
