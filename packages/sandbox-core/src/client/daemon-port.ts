import type { Duplex } from "node:stream";
import type { Client, Event, SessionId } from "@sbx/contracts";
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
}

/** What {@link createDaemonPort} goes by. */
export interface DaemonPlace {
  readonly env: Environment;
  readonly home: string;
  /** `import.meta.url` of the program that asks: the daemon may be installed with it. */
  readonly from?: string;
}

/** The daemon of this user. What it takes to talk to it is loaded when it is first asked for. */
export function createDaemonPort({ env, home, from }: DaemonPlace): DaemonPort {
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
      if (found !== undefined) return found;
      const [{ startDaemon }, { createConnection }] = await Promise.all([import("./start-daemon.ts"), import("./connection.ts")]);
      await startDaemon({ paths, env, ...(from === undefined ? {} : { from }) });
      return createConnection(paths.socket);
    },
  };
}
