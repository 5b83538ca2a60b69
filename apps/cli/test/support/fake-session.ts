import type { Duplex } from "node:stream";
import { encodeExit, encodeFrame, FrameReader, type Frame } from "@sbx/contracts";
import { aSandbox, aSession, ended } from "./builders.ts";
import type { FakeDaemonOptions } from "./fake-daemon.ts";

/** The daemon's side of an attached stream. */
export interface SessionPeer {
  readonly frames: Frame[];
  readonly say: (type: "stdout" | "stderr", text: string) => void;
  readonly exit: (code: number) => void;
  /** Text of all stdin so far. */
  readonly typed: () => string;
}

export function peerOf(stream: Duplex): SessionPeer {
  const reader = new FrameReader();
  const frames: Frame[] = [];
  stream.on("data", (chunk: Uint8Array) => {
    frames.push(...reader.push(chunk));
  });
  return {
    frames,
    say: (type, text) => {
      stream.write(encodeFrame(type, Buffer.from(text)));
    },
    exit: (code) => {
      stream.end(encodeFrame("exit", encodeExit(code)));
    },
    typed: () =>
      frames
        .filter(({ type }) => type === "stdin")
        .map(({ payload }) => Buffer.from(payload).toString("utf8"))
        .join(""),
  };
}

/** Handlers of a daemon with one sandbox, whose sessions do what `act` says and end with `exitCode`. */
export function daemonWithSession({
  act,
  exitCode = 0,
  mode = "streams",
  sandbox = aSandbox(),
  joined = false,
}: {
  readonly act?: (peer: SessionPeer, index: number) => void;
  readonly exitCode?: number;
  readonly mode?: "terminal" | "streams";
  readonly sandbox?: ReturnType<typeof aSandbox>;
  readonly joined?: boolean;
} = {}): FakeDaemonOptions {
  return {
    handlers: {
      listEvents: () => Promise.resolve([]),
      createSandbox: () => Promise.resolve({ sandbox, joined }),
      inspectSandbox: () => Promise.resolve(sandbox),
      openSession: ({ kind }) => Promise.resolve(aSession({ mode, kind })),
      inspectSession: () => Promise.resolve(aSession({ mode, state: ended(exitCode) })),
      reportWorkspace: () => Promise.resolve({ changed: [], truncated: false, runsOnHost: [] }),
      removeSandbox: () => Promise.resolve({ done: true }),
      sessionLogs: () => Promise.resolve({ text: "" }),
    },
    onAttach: (stream, index) => {
      const peer = peerOf(stream);
      if (act === undefined) peer.exit(exitCode);
      else act(peer, index);
    },
  };
}
