import { duplexPair, type Duplex } from "node:stream";
import { api, AppError, createClient, createDispatcher, type Event, type Handlers } from "@sbx/contracts";
import type { Connection, DaemonPort } from "../../src/context.ts";

export interface FakeDaemon extends DaemonPort {
  /** Every call that passed the daemon's own validation: name and input. */
  readonly calls: { readonly name: string; readonly input: unknown }[];
  /** The daemon's ends of the streams that were attached, in order. */
  readonly attached: Duplex[];
  readonly starts: () => number;
}

export interface FakeDaemonOptions {
  readonly handlers?: Partial<Handlers>;
  /** What each newly attached stream does. */
  readonly onAttach?: (stream: Duplex, index: number) => void;
  readonly live?: readonly Event[];
  readonly running?: boolean;
  /** The files of its sandboxes. */
  readonly archive?: Connection["archive"];
}

const noFiles: Connection["archive"] = {
  read: () => Promise.reject(new Error("no fake files")),
  write: () => Promise.reject(new Error("no fake files")),
};

/** A daemon in this process: real validation by the dispatcher, fake answers. */
export function createFakeDaemon({ handlers = {}, onAttach, live = [], running = true, archive = noFiles }: FakeDaemonOptions = {}): FakeDaemon {
  const calls: { name: string; input: unknown }[] = [];
  const attached: Duplex[] = [];
  let [up, starts] = [running, 0];
  const all = Object.fromEntries(
    Object.keys(api).map((name) => [
      name,
      async (input: unknown, signal: AbortSignal) => {
        calls.push({ name, input });
        const handler = handlers[name as keyof Handlers] as ((input: unknown, signal: AbortSignal) => Promise<unknown>) | undefined;
        if (handler === undefined) throw new AppError("INTERNAL", { message: `no fake answer for ${name}`, fix: "Add one to the test." });
        return await handler(input, signal);
      },
    ]),
  ) as unknown as Handlers;
  const openStream = async (): Promise<Duplex> => {
    const [ours, theirs] = duplexPair();
    attached.push(ours);
    queueMicrotask(() => {
      onAttach?.(ours, attached.length - 1);
    });
    return await Promise.resolve(theirs);
  };
  const connection: Connection = {
    client: createClient(createDispatcher(all, () => {})),
    events: async () =>
      await Promise.resolve(
        (async function* () {
          yield* live;
        })(),
      ),
    attach: openStream,
    gateway: openStream,
    archive,
  };
  return {
    paths: { stateDirectory: "/state", socket: "/state/sbxd.sock", log: "/state/logs/sbxd.log" },
    find: async () => await Promise.resolve(up ? connection : undefined),
    stop: async () => {
      const wasUp = up;
      up = false;
      return await Promise.resolve(wasUp);
    },
    connect: async () => {
      if (!up) starts += 1;
      up = true;
      return await Promise.resolve(connection);
    },
    calls,
    attached,
    starts: () => starts,
  };
}
