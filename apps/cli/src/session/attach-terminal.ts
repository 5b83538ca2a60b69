import { SessionDrive, type SessionEnd } from "@sbx/core/client";
import type { Connection, Context } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { ClipboardFilter, refusedLine } from "./clipboard-filter.ts";
import { DetachFilter } from "./detach-keys.ts";
import type { FollowOptions } from "./follow-session.ts";
import { TerminalModes } from "./terminal-modes.ts";

/**
 * Give the terminal to a session until it ends or the detach keys are typed.
 *
 * However it ends, the terminal is as before: cooked, on its own screen, with its cursor.
 */
export async function attachTerminal(context: Context, connection: Connection, { session, detachKeys, sandboxName, clipboard }: FollowOptions): Promise<SessionEnd | number> {
  const { io } = context;
  const stream = await connection.attach(session, new AbortController().signal);
  const modes = new TerminalModes();
  const guard = new ClipboardFilter({ allow: clipboard });
  const drive = new SessionDrive(stream, {
    stdout: io.stdout,
    stderr: io.stderr,
    pass: (chunk) => {
      const shown = guard.push(chunk);
      modes.push(shown);
      return shown;
    },
  });
  const filter = new DetachFilter(detachKeys);
  let code: number | undefined;
  let left = false;
  const releases = [
    io.onResize(() => {
      drive.resize(io.size());
    }),
    context.onSignal((name) => {
      code = name === "SIGINT" ? EXIT.interrupted : name === "SIGTERM" ? EXIT.terminated : EXIT.hungUp;
      drive.leave();
    }),
  ];
  try {
    const typed = io.stdinKind() === "terminal";
    if (typed) io.setRaw(true);
    drive.resize(io.size());
    drive.sendStdin(io.stdin(), typed ? (chunk) => filter.push(chunk) : undefined);
    const end = await drive.end;
    left = end.kind === "left";
    return left && code !== undefined ? code : end;
  } finally {
    for (const release of releases) release();
    io.setRaw(false);
    io.stdout.write(modes.undo());
    if (guard.refused > 0) io.err(`\r\n${refusedLine(guard, sandboxName)}\n`);
    if (left) io.err(`\r\nsbx: left the session, it goes on. Come back with: sbx attach ${sandboxName}\n`);
  }
}
