import { SessionDrive, type SessionEnd } from "@sbx/core/client";
import type { Connection, Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import type { FollowOptions } from "./follow-session.ts";

/** Follow a session with three separate streams. The first signal goes to the session, the second leaves it; who reads no more is told as a pipe would. */
export async function attachHeadless(context: Context, connection: Connection, { session, stdin, sandboxName }: FollowOptions): Promise<SessionEnd | number> {
  const { io } = context;
  const stream = await connection.attach(session, new AbortController().signal);
  const drive = new SessionDrive(stream, { stdout: io.stdout, stderr: io.stderr });
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
    if (end.kind === "left" && left !== undefined) io.err(`sbx: left the session, it goes on. End it with: sbx stop ${sandboxName}\n`);
    return left ?? end;
  } finally {
    release();
    io.stdout.off("error", onBrokenPipe);
    if (stdin) io.stdin().destroy();
  }
}
