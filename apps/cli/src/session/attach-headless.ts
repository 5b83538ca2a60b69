import { SessionDrive, type SessionEnd } from "@sbx/core/client";
import type { Connection, Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { ClipboardFilter, refusedLine } from "./clipboard-filter.ts";
import type { FollowOptions } from "./follow-session.ts";

/** Follow a session with three separate streams. The first signal goes to the session, the second leaves it; who reads no more is told as a pipe would. */
export async function attachHeadless(context: Context, connection: Connection, { session, stdin, sandboxName, clipboard }: FollowOptions): Promise<SessionEnd | number> {
  const { io } = context;
  const stream = await connection.attach(session, new AbortController().signal);
  const guards = { stdout: new ClipboardFilter({ allow: clipboard }), stderr: new ClipboardFilter({ allow: clipboard }) };
  // What goes to a file or a program is nobody's terminal, and stays as it is.
  const pass = (chunk: Uint8Array, output: "stdout" | "stderr"): Uint8Array => (io.isTerminal[output] ? guards[output].push(chunk) : chunk);
  const drive = new SessionDrive(stream, { stdout: io.stdout, stderr: io.stderr, pass });
  let left: number | undefined;
  let signals = 0;
  const release = context.onSignal((name) => {
    signals += 1;
    if (signals === 1 && name !== "SIGHUP") {
      drive.signal(name);
      return;
    }
    left = name === "SIGINT" ? EXIT.interrupted : name === "SIGTERM" ? EXIT.terminated : EXIT.hungUp;
    drive.leave();
  });
  const onBrokenPipe = (): void => {
    drive.signal("SIGPIPE");
  };
  io.stdout.once("error", onBrokenPipe);
  try {
    if (stdin) drive.sendStdin(io.stdin());
    const end = await drive.end;
    const refused = guards.stdout.refused + guards.stderr.refused;
    if (refused > 0) io.err(`${refusedLine({ refused }, sandboxName)}\n`);
    if (end.kind === "left" && left !== undefined) io.err(`sbx: left the session, it goes on. End it with: sbx stop ${sandboxName}\n`);
    return left ?? end;
  } finally {
    release();
    io.stdout.off("error", onBrokenPipe);
    if (stdin) io.stdin().destroy();
  }
}
