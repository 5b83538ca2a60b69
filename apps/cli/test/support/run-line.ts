import type { Context, SignalName } from "../../src/context.ts";
import { main } from "../../src/main.ts";
import { createFakeDaemon, type FakeDaemon } from "./fake-daemon.ts";
import { createFakeIo, type FakeIo } from "./fake-io.ts";

export interface Setting {
  readonly io?: FakeIo;
  readonly daemon?: FakeDaemon;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly home?: string;
  readonly now?: () => number;
}

/** A command line that is under way. */
export interface Line {
  readonly io: FakeIo;
  readonly daemon: FakeDaemon;
  readonly code: Promise<number>;
  readonly signal: (name: SignalName) => void;
}

/** Start a whole command line in a world of fakes. */
export function startLine(
  argv: readonly string[],
  { io = createFakeIo(), daemon = createFakeDaemon(), env = {}, cwd = "/tmp", home = "/home/someone", now = () => performance.now() }: Setting = {},
): Line {
  const listeners = new Set<(name: SignalName) => void>();
  const context: Context = {
    io,
    env,
    cwd,
    home,
    version: "1.2.3",
    daemon,
    onSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    now,
    sleep: async () => {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
  };
  return {
    io,
    daemon,
    code: main(argv, context),
    signal: (name) => {
      for (const listener of listeners) listener(name);
    },
  };
}

/** Run it to its end and give what it printed. */
export async function runLine(argv: readonly string[], setting: Setting = {}): Promise<{ readonly code: number; readonly out: string; readonly err: string; readonly daemon: FakeDaemon }> {
  const line = startLine(argv, setting);
  const code = await line.code;
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  return { code, out: line.io.output(), err: line.io.errors(), daemon: line.daemon };
}
