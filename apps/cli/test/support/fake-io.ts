import { PassThrough } from "node:stream";
import type { Io, StdinKind } from "../../src/context.ts";

export interface FakeIo extends Io {
  readonly output: () => string;
  readonly errors: () => string;
  readonly input: PassThrough;
  readonly rawChanges: boolean[];
  /** Set the size of the terminal and tell who listens. */
  readonly resizeTo: (columns: number, rows: number) => void;
}

/** Streams in memory; `terminal` makes them a terminal of 80 by 24. */
export function createFakeIo({ terminal = false, stdinKind = terminal ? "terminal" : "nothing" }: { readonly terminal?: boolean; readonly stdinKind?: StdinKind } = {}): FakeIo {
  const [stdout, stderr, input] = [new PassThrough({ highWaterMark: 1 << 24 }), new PassThrough({ highWaterMark: 1 << 24 }), new PassThrough()];
  const chunks = { out: "", err: "" };
  stdout.setEncoding("utf8").on("data", (text: string) => {
    chunks.out += text;
  });
  stderr.setEncoding("utf8").on("data", (text: string) => {
    chunks.err += text;
  });
  const rawChanges: boolean[] = [];
  const listeners = new Set<() => void>();
  let size = { columns: 80, rows: 24 };
  return {
    out: (text) => {
      stdout.write(text);
    },
    err: (text) => {
      stderr.write(text);
    },
    stdin: () => input,
    stdout,
    stderr,
    stdinKind: () => stdinKind,
    isTerminal: { stdout: terminal, stderr: terminal },
    colour: { stdout: false, stderr: false },
    size: () => (terminal ? size : undefined),
    onResize: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    setRaw: (raw) => {
      rawChanges.push(raw);
    },
    output: () => chunks.out,
    errors: () => chunks.err,
    input,
    rawChanges,
    resizeTo: (columns, rows) => {
      size = { columns, rows };
      for (const listener of listeners) listener();
    },
  };
}
