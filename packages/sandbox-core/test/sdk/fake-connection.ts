import { duplexPair, type Duplex } from "node:stream";
import { api, AppError, createClient, createDispatcher, encodeExit, encodeFrame, Event, FrameReader, Sandbox, Session, type Frame, type Handlers } from "@sbx/contracts";
import type { Connection } from "../../src/client/daemon-port.ts";

/** The daemon's side of an attached session. */
export interface Peer {
  readonly frames: Frame[];
  readonly say: (type: "stdout" | "stderr", text: string | Uint8Array) => void;
  readonly exit: (code: number) => void;
  readonly problem: (error: AppError) => void;
  readonly die: () => void;
  /** Text of all stdin so far. */
  readonly typed: () => string;
}

function peerOf(stream: Duplex): Peer {
  const reader = new FrameReader();
  const frames: Frame[] = [];
  stream.on("error", () => undefined).on("data", (chunk: Uint8Array) => frames.push(...reader.push(chunk)));
  return {
    frames,
    say: (type, text) => void stream.write(encodeFrame(type, Buffer.from(text))),
    exit: (code) => void stream.end(encodeFrame("exit", encodeExit(code))),
    problem: (error) => void stream.end(encodeFrame("problem", Buffer.from(JSON.stringify(error)))),
    die: () => void stream.destroy(),
    typed: () =>
      frames
        .filter(({ type }) => type === "stdin")
        .map(({ payload }) => Buffer.from(payload).toString("utf8"))
        .join(""),
  };
}

export interface FakeDaemon {
  readonly connection: Connection;
  /** Names and inputs of all calls, in order. */
  readonly calls: { readonly name: string; readonly input: unknown }[];
}

/** A daemon without a socket: the API's own validation both ways, and sessions that do what `act` says. */
export function fakeDaemon({
  handlers = {},
  act = (peer) => peer.exit(0),
  events = () => [],
}: {
  readonly handlers?: Partial<Handlers>;
  readonly act?: (peer: Peer) => void;
  readonly events?: (after: number | undefined) => Iterable<Event> | AsyncIterable<Event>;
} = {}): FakeDaemon {
  const calls: { name: string; input: unknown }[] = [];
  const missing = (name: string) => () => Promise.reject(new AppError("ROUTE_UNKNOWN", { message: `no answer to ${name}`, fix: "none" }));
  const answers: Record<string, unknown> = {
    openSession: ({ mode, kind, args }: Session & { args: string[] }) => Promise.resolve(aSession({ mode, kind, command: args })),
    endSession: () => Promise.resolve({ done: true }),
    removeSandbox: () => Promise.resolve({ done: true }),
    listEvents: () => Promise.resolve([]),
    ...handlers,
  };
  const all = Object.keys(api).map((name) => [
    name,
    (input: unknown, signal: AbortSignal) => {
      calls.push({ name, input });
      return ((answers[name] ?? missing(name)) as (input: unknown, signal: AbortSignal) => unknown)(input, signal);
    },
  ]);
  return {
    calls,
    connection: {
      client: createClient(createDispatcher(Object.fromEntries(all) as Handlers, () => undefined)),
      events: ({ after }) =>
        Promise.resolve(
          (async function* () {
            yield* events(after);
          })(),
        ),
      attach: () => {
        const [ours, theirs] = duplexPair();
        act(peerOf(theirs));
        return Promise.resolve(ours);
      },
      gateway: () => Promise.reject(new Error("none")),
      archive: { read: () => Promise.reject(new Error("none")), write: () => Promise.reject(new Error("none")) },
    },
  };
}

export function aSession(over: Partial<Record<keyof Session, unknown>> = {}): Session {
  return Session.parse({ id: "ses_00000001", sandbox: "sbx_k3v9q2m1", kind: "exec", mode: "streams", command: ["true"], startedAt: "2026-01-02T03:04:05.000Z", state: { phase: "running" }, ...over });
}

export function anEvent(over: Partial<Record<keyof Event, unknown>> = {}): Event {
  return Event.parse({ id: 1, at: "2026-01-02T03:04:05.000Z", type: "egress.denied", sandbox: "sbx_k3v9q2m1", fields: {}, ...over });
}

export function aSandbox(over: Partial<Record<keyof Sandbox, unknown>> = {}): Sandbox {
  return Sandbox.parse({
    id: "sbx_k3v9q2m1",
    name: "shell-app",
    agent: "shell",
    workspace: "/srv/app",
    extra: [],
    createdAt: "2026-01-02T03:04:05.000Z",
    state: { phase: "running", network: "ready" },
    image: "sha256:0",
    limits: {},
    model: { service: "anthropic", source: "none" },
    docker: "none",
    sessions: [],
    protected: [],
    hidden: [],
    notices: [],
    skipped: [],
    ...over,
  });
}
